import pytest

from provtap.errors import ParameterError
from provtap.results.formats import FORMATS, choose

OFFERED = [(name, f) for f in FORMATS for name in (f.mime, *f.aliases)]


@pytest.mark.parametrize("name, offered", OFFERED, ids=[name for name, _ in OFFERED])
def test_all_media_types_and_aliases_are_accepted(name, offered):
    """REG-9: both the media type and every alias that capabilities declare work."""
    assert choose(name) is offered


@pytest.mark.parametrize("absent", [None, "", "  "])
def test_votable_is_the_default(absent):
    """TAP-11."""
    assert choose(absent).mime == "application/x-votable+xml"


@pytest.mark.parametrize(
    "asked, sent",
    [
        ("VOTable", "application/x-votable+xml"),
        ("application/x-votable xml", "application/x-votable+xml"),
        ("Application/X-VOTable+XML", "application/x-votable+xml"),
        (
            "application/x-votable+xml; serialization=tabledata",
            "application/x-votable+xml;serialization=TABLEDATA",
        ),
        ("text/xml", "text/xml"),
        ("text/xml; charset=UTF-8", "text/xml"),
        ("text/csv", "text/csv;header=present"),
        ('text/csv ; header = "present"', "text/csv;header=present"),
        ("text/csv;header=absent", "text/csv;header=absent"),
        ("text/tab-separated-values;header=absent", "text/tab-separated-values;header=absent"),
        ("TSV", "text/tab-separated-values"),
    ],
)
def test_spellings_of_a_media_type(asked, sent):
    """DALI-6, TAP-12: case, blanks and a `+` read as blank don't matter; what was asked for is sent."""
    assert choose(asked).mime == sent


@pytest.mark.parametrize(
    "asked",
    ["hdf5", "text/rtf", "application/x-votable+xml;serialization=FITS", ";", "text/csv;header=maybe"],
)
def test_an_unknown_format_is_refused_with_a_list(asked):
    """DALI-6."""
    with pytest.raises(ParameterError, match=r"is not supported\. Supported are .*votable.*csv.*tsv"):
        choose(asked)
