"""UPLOAD: pairs of names and URIs."""

import pytest

from provtap.errors import ParameterError, TooLarge
from provtap.uploads import Upload, uploads


@pytest.mark.parametrize(
    "values, found",
    [
        (["t1,param:p"], [("t1", "param:p")]),
        (["t1,param:p", "t2,https://a.b/c"], [("t1", "param:p"), ("t2", "https://a.b/c")]),
        (["t1,param:p;t2,param:q;"], [("t1", "param:p"), ("t2", "param:q")]),
        ([" t1 , param:p ; t2,param:q"], [("t1", "param:p"), ("t2", "param:q")]),
        (["t1,http://a.b/c;d?e=f,g;h"], [("t1", "http://a.b/c;d?e=f,g;h")]),
        (["t1,http://a.b/c;d;T2,PARAM:q"], [("t1", "http://a.b/c;d"), ("T2", "PARAM:q")]),
        (["", " ;"], []),
    ],
)
def test_pairs_may_repeat_or_stand_in_one_value(values, found):
    """UPL-1."""
    assert uploads(values, 10) == tuple(Upload(*pair) for pair in found)


@pytest.mark.parametrize(
    "values, words",
    [
        (["t1"], "UPLOAD 't1' is not a pair of a name and a URI. Write UPLOAD=name,param:part"),
        (["t1,"], "is not a pair"),
        (["1t,param:p"], "'1t' is not a valid name for an upload. A name has a letter"),
        (["a.b,param:p"], "'a.b' is not a valid name"),
        (["t-1,param:p"], "'t-1' is not a valid name"),
        (["tä,param:p"], "'tä' is not a valid name"),
        (["t1,vos://a/b"], "The upload t1 cannot be read from 'vos://a/b'."),
        (["t1,file:///etc/passwd"], "cannot be read"),
        (["t1,part"], "cannot be read"),
        (["t1,param:p", "T1,param:q"], "Two uploads have the name T1"),
        (["a,param:p;2b,param:q"], "'2b' is not a valid name"),
    ],
)
def test_an_invalid_upload_is_reported(values, words):
    """UPL-2, UPL-3: also names that are equal after case folding."""
    with pytest.raises(ParameterError) as raised:
        uploads(values, 10)

    assert words in str(raised.value)


def test_more_tables_than_the_limit_are_refused():
    """UPL-7: 413, not the first few."""
    with pytest.raises(TooLarge, match="has 3 uploads; the limit is 2"):
        uploads(["a,param:a;b,param:b;c,param:c"], 2)
