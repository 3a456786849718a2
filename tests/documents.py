"""The documents, and the blocks of code in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(document, language):
    """Return the fenced blocks of *language*; ones that are shown but not run here are marked `sh`."""
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


def all_blocks(language):
    return [block for document in DOCUMENTS for block in blocks(document, language)]


def commands(document):
    lines = (line for block in blocks(document, "console") for line in block.splitlines())
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
