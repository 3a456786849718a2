"""The executable specification of ADQL 2.1: `adql.lark` as a parser, and the queries written for it."""

import re
from pathlib import Path

from lark import Lark, LarkError

_HERE = Path(__file__).parent

# `strict` refuses a grammar with conflicts and tokens that fit the same text. Not the contextual lexer: it
# would take a reserved word for a name wherever that keyword can't stand. ASCII: without it the letters
# that Unicode folds to ASCII ones (U+017F, U+212A) would make keywords.
ADQL = Lark(
    (_HERE / "adql.lark").read_text(encoding="utf-8"),
    parser="lalr",
    lexer="basic",
    strict=True,
    propagate_positions=True,
    g_regex_flags=re.IGNORECASE | re.ASCII,
)


def accepts(text: str) -> bool:
    """Return whether *text* is one ADQL query; names and types are not checked."""
    try:
        ADQL.parse(text)
    except LarkError:
        return False
    return True


def reserved_words() -> list[str]:
    """Return the words that SQL and ADQL reserve, upper case (ADQL 2.1, "Keywords")."""
    return (_HERE / "reserved_words.txt").read_text(encoding="ascii").split()


def corpus(verdict: str) -> list[tuple[str, str]]:
    """Return (construct, query) for each query of `queries/` that is *verdict*: "accepted" or "rejected".

    In these files a query is a line; lines that start with a blank continue it. The first line names the
    clause of the standard that the queries test. `# accepted` and `# rejected` apply to the queries below
    them; other lines that start with `#` give reasons.
    """
    return [(construct, query) for construct in constructs() for query in queries(construct, verdict)]


def constructs() -> list[str]:
    """Return the names of the corpus' files."""
    return sorted(path.stem for path in (_HERE / "queries").glob("*.adql"))


def queries(construct: str, verdict: str) -> list[str]:
    """Return the queries of one file that are *verdict*, "accepted" or "rejected"."""
    return _queries((_HERE / "queries" / f"{construct}.adql").read_text(encoding="utf-8"), verdict)


def clauses() -> dict[str, str]:
    """Return for each construct of the corpus the clause that its queries test."""
    return {
        path.stem: path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# clause: ")
        for path in (_HERE / "queries").glob("*.adql")
    }


def _queries(text: str, verdict: str) -> list[str]:
    """Return the queries below the *verdict* headings of one file."""
    sections = re.split(r"^# (accepted|rejected)\n", text, flags=re.MULTILINE)
    below = "".join(
        part for head, part in zip(sections[1::2], sections[2::2], strict=True) if head == verdict
    )
    return re.findall(r"^[^#\s].*(?:\n[ \t].*)*", below, flags=re.MULTILINE)
