"""Sphinx makes the documentation site of the pages as they are: `make docs`.

The source directory is the whole repository, so links between pages are the same here and in the checkout.
The navigation is the map at the end of the README: its audiences, and the pages of each in this order.
"""

import re
from pathlib import Path

from docutils import nodes
from pygments.lexers import TextLexer
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

import provtap

REPOSITORY = Path(__file__).parent.parent

project = "ProvTAP"
version = release = provtap.__version__
copyright = "2026, the ProvTAP developers"
smartquotes = False  # the text as it is written
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "benchmarks/*.md", "deploy/**.md"]
# Folders that Sphinx does not look into.
exclude_patterns = [".*", "build", "dist", "plugins", "provtap", "tests", "deploy/client"]

extensions = ["myst_parser"]
myst_heading_anchors = 4

html_theme = "pydata_sphinx_theme"
html_title = "ProvTAP"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_extra_path = ["site/root"]  # leads to docs/index.html
html_copy_source = False
html_use_index = False
html_sidebars = {"**": ["map"]}
templates_path = ["site"]
html_context = {"default_mode": "auto"}  # light or dark, as the reader has set the browser
html_theme_options = {
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": {"**": ["page-toc"], "docs/reference/tables": []},  # its tables are wide
    "footer_start": ["copyright"],
    "footer_end": [],
}


def navigation(readme: str) -> str:
    """Return the map of *readme* as tables of contents, one for each audience."""
    _, _, below = readme.partition("\n## Documentation\n")
    audiences = re.findall(r"^- \*\*(.+?)\*\*:(.*?)(?=^\S|\Z)", below, re.MULTILINE | re.DOTALL)
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {audience}\n\n{_entries(links)}\n```\n"
        for audience, links in audiences
    )


def _entries(links: str) -> str:
    return "\n".join(f"/{page}" for page in re.findall(r"\]\((.+?)\.md\)", links))


def place(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the navigation on the first page; pages outside `docs/` need no place in it: links lead to them."""
    if docname == root_doc:
        source[0] += navigation((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    elif not docname.startswith("docs/"):
        app.env.metadata[docname]["orphan"] = True


class Pictures(SphinxTransform):
    """Shows `<picture>`, one image for light and one for dark pages, by the switch of the theme."""

    default_priority = 200  # before Sphinx collects the images

    def apply(self) -> None:
        """Replace each `<picture>`, whose tags are nodes one after the other, by its two images."""
        for tag in list(self.document.findall(nodes.raw)):
            attributes = dict(re.findall(r'(\w+)="(.*?)"', tag.astext()))
            if "srcset" in attributes:
                dark = attributes["srcset"]
                tag.parent.remove(tag)
            elif "src" in attributes:
                alt, images = attributes["alt"], {"only-dark": dark, "only-light": attributes["src"]}
                tag.replace_self([nodes.image(uri=images[mode], alt=alt, classes=[mode]) for mode in images])
            elif tag.astext() in ("<picture>", "</picture>"):
                tag.parent.remove(tag)


def setup(app: Sphinx) -> None:
    """Connect what is above with Sphinx, and name the languages that it does not know."""
    app.connect("source-read", place)
    app.add_transform(Pictures)
    app.add_lexer("adql", TextLexer)  # some of these queries are wrong on purpose
    app.add_lexer("csv", TextLexer)
