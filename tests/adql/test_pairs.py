"""ADQL beside the PostgreSQL made of it: `pairs/*.sql`, to be read."""

from pathlib import Path

import pytest

from provtap.adql import translate
from tests.adql.lab import LAB

BLOCKS = [
    block
    for path in sorted((Path(__file__).parent / "pairs").glob("*.sql"))
    for block in path.read_text(encoding="utf-8").split("\n\n")
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0].removeprefix("-- "))
def test_the_translation_is_the_one_written_down(block):
    """D5: names from the catalogue, types declared, nothing of the user's spelling; line breaks apart."""
    _, _, pair = block.partition("\n")
    adql, sql, rest = (" ".join(text.split()) for text in pair.split(";"))

    assert translate(adql, LAB).sql == sql
    assert rest == ""
