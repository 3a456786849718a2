"""Chromium, as Debian has it, without a window."""

import shutil
import subprocess
import tempfile

CHROMIUM = shutil.which("chromium")
_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--dump-dom",
]


def visit(url: str, *options: str) -> tuple[str, list[str]]:
    """Return the page at *url* after its scripts have run, and what the browser complains of."""
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [str(CHROMIUM), *_OPTIONS, *options, f"--user-data-dir={profile}", url],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE:" in line]
