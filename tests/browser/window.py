"""A window of the browser, and what its pages complained of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page


class Window:
    """A window of the browser, and what its pages complained of."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self._dismiss(dialog))

    def _note(self, message: ConsoleMessage) -> None:
        """Keep a complaint, but for the status of the page itself, and the icon that a bare file lacks."""
        place = message.location.get("url", "")
        if not place.endswith("/favicon.ico") and place != self.page.url:
            self.complaints.append(message.text)

    def _dismiss(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@contextmanager
def window(browser: Browser, **options: Any) -> Iterator[Window]:
    """Open a window that is as the *options* of Playwright say, such as `java_script_enabled=False`."""
    context = browser.new_context(**options)
    yield Window(context)
    context.close()
