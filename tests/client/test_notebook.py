"""The notebook of the documents: every cell runs, and shows something."""

import ast
import json
from pathlib import Path

NOTEBOOK = Path("docs/how-to/notebook.ipynb")


def run(source, names):
    """Execute a cell as a notebook does; return the value of its last line, if that is an expression."""
    *before, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        before, last = [*before, last], None
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    return last and eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_every_cell_shows_something(service, monkeypatch):
    """No kernel is needed: cells are plain Python, and objects show themselves by `_repr_html_`."""
    monkeypatch.setenv("PROVTAP_URL", service.url)
    notebook = json.loads(NOTEBOOK.read_text())
    names = {}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        value = run("".join(cell["source"]), names)

        assert value is not None and cell["outputs"] == []
        assert value._repr_html_() if hasattr(value, "_repr_html_") else len(value) > 0
    assert len(cells) == 7
