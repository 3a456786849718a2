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
        (["t1"], "UPLOAD 't1' is no pair of a name and a URI. Write UPLOAD=name,param:part"),
        (["t1,"], "is no pair"),
        (["1t,param:p"], "An upload can't be called '1t'. A name starts with a letter"),
        (["a.b,param:p"], "can't be called 'a.b'"),
        (["t-1,param:p"], "can't be called 't-1'"),
        (["tä,param:p"], "can't be called 'tä'"),
        (["t1,vos://a/b"], "The upload t1 can't be had from 'vos://a/b'."),
        (["t1,file:///etc/passwd"], "can't be had"),
        (["t1,part"], "can't be had"),
        (["t1,param:p", "T1,param:q"], "Two uploads are called T1"),
        (["a,param:p;2b,param:q"], "can't be called '2b'"),
    ],
)
def test_what_names_no_table_is_told(values, words):
    """UPL-2, UPL-3: also names that are equal after case folding."""
    with pytest.raises(ParameterError) as raised:
        uploads(values, 10)

    assert words in str(raised.value)


def test_more_tables_than_the_limit_are_refused():
    """UPL-7: 413, not the first few."""
    with pytest.raises(TooLarge, match="brings 3 tables; this service takes up to 2"):
        uploads(["a,param:a;b,param:b;c,param:c"], 2)
