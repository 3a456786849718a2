import re
from pathlib import Path

from tests.ingest.logs import SAMPLES, rows

_, *PAIRS = re.split(
    r"^-- name: (\w+)$", Path(__file__).with_name("questions.sql").read_text(), flags=re.MULTILINE
)


def test_questions_have_answers(take, database):
    """What astronomers ask (provenance-queries A to E) has answers in the samples that `make demo` loads."""
    for path in SAMPLES:
        take(path)
    unanswered = [
        name for name, query in zip(PAIRS[::2], PAIRS[1::2], strict=True) if not rows(database, query)
    ]

    assert len(PAIRS) == 36
    assert unanswered == []
