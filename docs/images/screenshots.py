"""Draw the pictures of pages that the documents show: `make screenshots`.

Starts the demonstration in a temporary directory, and takes each page in Chromium, light and dark.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent / "site"
SIZE = {"width": 1120, "height": 760}
ERROR = "SELECT e_nam FROM provenance.entity"
PAGES = {
    "home": "/",
    "search": "/search?q=dl2",
    "product": "/entity/{step2_a.dl2.h5}",
    "run-failed": "/search?kind=run&status=error&q=ctapipe-merge",  # the page of the first
    "lineage": "/lineage/{merged1.dl2.h5}",
    "impact": "/impact/{step1_a.dl1.h5}",
    "compare": "/compare?a={in1.dl2.h5}&b={in2.dl2.h5}",
    "error": f"/result?QUERY={quote(ERROR)}",
}
"""Addresses of the pages, with names of files where their ids go."""


def main() -> None:
    """Start the demonstration and take the pictures."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        command = [str(Path(sys.executable).with_name("provtap")), "demo", "--port", "8765"]
        environment = os.environ | {"PROVTAP_DATA_DIR": directory}
        demo = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            take_all(root_of(demo))
        finally:
            demo.terminate()
            demo.wait()


def root_of(demo: subprocess.Popen[str]) -> str:
    """Return the address that the demonstration prints."""
    assert demo.stdout is not None
    for line in demo.stdout:
        if found := re.match(r"Open (http\S+)/ in", line):
            return found[1]
    raise SystemExit("The demonstration did not start.")


def take_all(root: str) -> None:
    """Take each page, light and dark."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for name, path in PAGES.items():
            address = root + re.sub(r"\{(.+?)\}", lambda m: quote(id_of(root, m[1]), safe=""), path)
            for scheme in ("light", "dark"):
                take(browser, address, HERE / f"{name}-{scheme}.png", scheme)
        browser.close()


def take(browser: Browser, address: str, file: Path, scheme: str) -> None:
    """Take one page; of a search for runs, the page of the first."""
    context = browser.new_context(viewport=SIZE, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    if "kind=run" in address:
        page.locator("main a.thing").first.click()
    page.screenshot(path=file)
    context.close()


def id_of(root: str, name: str) -> str:
    """Return the id of the file *name*."""
    with urlopen(f"{root}/search.json?kind=file&q={quote(name)}") as answer:
        return str(json.load(answer)["hits"]["rows"][0]["thing"]["id"])


if __name__ == "__main__":
    main()
