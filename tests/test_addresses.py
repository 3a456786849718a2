import pytest

from provtap import addresses


@pytest.mark.parametrize(
    "id_, address",
    [
        ("urn:uuid:1", "/entity/urn%3Auuid%3A1"),
        ("http://example.org/a#1", "/entity/http%3A%2F%2Fexample.org%2Fa%231"),
        ("a/b", "/entity/a%2Fb"),
        ("/a", "/entity?id=%2Fa"),
        ("a/", "/entity?id=a%2F"),
        ("..", "/entity?id=.."),
        ("a/./b", "/entity?id=a%2F.%2Fb"),
        ("a//b", "/entity?id=a%2F%2Fb"),
        ("http://a//b", "/entity?id=http%3A%2F%2Fa%2F%2Fb"),
        ("file:///a", "/entity?id=file%3A%2F%2F%2Fa"),
        ("a\nb", "/entity?id=a%0Ab"),
    ],
)
def test_an_id_is_in_the_path_unless_it_would_suffer_there(id_, address):
    """Browsers resolve `.` and `..`; proxies merge slashes."""
    assert addresses.page("entity", id_) == address


def test_slashes_merged_by_a_proxy_are_restored():
    assert addresses.with_both_slashes("http:/example.org/a") == "http://example.org/a"
    assert addresses.with_both_slashes("urn:uuid:1") == "urn:uuid:1"
    assert addresses.with_both_slashes("http://example.org") == "http://example.org"


def test_parameters_follow_the_id():
    assert addresses.page("entity", "a", format="json", after=None) == "/entity/a?format=json"
    assert addresses.page("entity", "/a", format="json") == "/entity?id=%2Fa&format=json"


def test_programs_have_versions():
    assert addresses.program("a b", "1/2") == "/program/a%20b/1%2F2"
    assert addresses.program("a", "") == "/program?name=a&version="
    assert addresses.program("/a") == "/program?name=%2Fa"
