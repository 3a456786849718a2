"""The documents, and the blocks of code in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(document, language):
    """Return the fenced blocks of *language*: `console` blocks are run in a store, `sh` blocks elsewhere."""
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


def all_blocks(language):
    return [block for document in DOCUMENTS for block in blocks(document, language)]


def write_observations(directory):
    """Write the table of runs and its mapping that the page about observations shows; return both."""
    page = ROOT / "docs/how-to/obscore.md"
    table, mapping = directory / "runs.csv", directory / "runs.yaml"
    table.write_text(*blocks(page, "csv"))
    mapping.write_text(*blocks(page, "yaml"))
    return table, mapping


def commands(document):
    """Return the commands of a page's `console` blocks; a line without `$ ` goes on with the one before."""
    return [command for block in blocks(document, "console") for command in split(block)]


def split(block):
    return [command.strip() for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]


def answered_queries(document):
    """Return the page's ADQL queries that are followed by an answer in aligned columns, with that answer."""
    return re.findall(
        r"^```sql\n((?:[^`].*\n)+)```\n\n```\n((?:[^`].*\n)+)```", document.read_text(), re.MULTILINE
    )


def answers(document):
    """Return what the page shows of each answer: that of the last command of the block before."""
    lines = r"((?:[^`\n].*\n)+)"
    pairs = re.findall(f"^```console\n{lines}```\n\n```\n{lines}```", document.read_text(), re.MULTILINE)
    return {split(block)[-1]: answer for block, answer in pairs}
