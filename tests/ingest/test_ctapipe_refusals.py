import json

import pytest

from provtap.errors import DocumentError
from provtap.ingest.readers.ctapipe.log import read
from tests.ingest.logs import file, header, run


def changed(path, value):
    """Return a run with *value* at *path*."""
    step = run(1, input=[file("/a", header=header(1, activity=2))])
    at = step
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return [step]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"a": 1}, "value 1 of the document must be an array of activities, not an object"),
        ([1], r"\[0\] must be an object, not a number"),
        (changed(["activity_uuid"], "x" * 5000), r"\[0\]\.activity_uuid is not a UUID"),
        (changed(["activity_uuid"], ""), r"\[0\]\.activity_uuid is empty"),
        (changed(["activity_name"], None), r"\[0\]\.activity_name is missing"),
        (changed(["activity_name"], "x" * 5000), r"\[0\]\.activity_name has 5000 bytes"),
        (changed(["input", 0, "role"], 5), r"\[0\]\.input\[0\]\.role must be a text or null, not a number"),
        (changed(["input", 0, "url"], ""), r"\[0\]\.input\[0\]\.url is empty"),
        (changed(["input"], "x"), r"\[0\]\.input must be an array, not a text"),
        (changed(["config"], []), r"\[0\]\.config must be an object, not an array"),
        (changed(["exit_code"], 10**30), r"\[0\]\.exit_code is out of range"),
        (changed(["start", "time_utc"], "now"), r"\[0\]\.start\.time_utc is not a time"),
        (changed(["start"], {}), r"\[0\]\.start\.time_utc is missing"),
        (changed(["stop", "time_utc"], "2020-01-01"), r"\[0\]\.stop\.time_utc \(2020-01-01\) is before"),
        (
            changed(["input", 0, "reference_meta", "CTA PRODUCT ID"], "7"),
            r'\["CTA PRODUCT ID"\] is not a UUID',
        ),
        (changed(["config"], {"x" * 5000: 1}), "a name of 5000 bytes; the limit is 1000"),
    ],
)
def test_bad_record_is_refused_with_its_path(document, message):
    """One clear sentence, with the path to what is wrong."""
    with pytest.raises(DocumentError, match=message):
        list(read(json.dumps(document).encode(), "site"))


def test_path_of_a_later_array_names_the_array():
    """A log may be several arrays in a row (INGEST-a1)."""
    with pytest.raises(DocumentError, match=r"array 2: \[0\]\.input must be an array"):
        list(read(b"[]" + json.dumps([run(1, input=1)]).encode(), "site"))
