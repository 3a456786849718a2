import pytest

from provtap.ingest.model import identity


def test_file_without_producer_is_shared_by_its_site():
    """An external file's id comes from site and url, so that all its users share it (INGEST-d4)."""
    here, there = (identity.external(identity.storage("/a/b", site), "/a/b") for site in ("here", "there"))

    assert here != there
    assert here == identity.external("here", "/a/b")


@pytest.mark.parametrize(
    ("url", "storage"),
    [
        ("https://example.org/a", "https://example.org"),
        ("root://door:1094//a/b", "root://door:1094"),
        ("/cwd/http:/example.org/a", "site"),
        ("file:///a", "site"),
        ("C:\\data", "site"),
    ],
)
def test_url_with_a_real_scheme_needs_no_site(url, storage):
    """Only a path means another file at another site."""
    assert identity.storage(url, "site") == storage


def test_output_id_depends_on_run_role_and_url():
    """A path is never an identity: --overwrite makes another product of it (INGEST-d2)."""
    ids = {
        identity.output(*parts)
        for parts in [("a", "r", "/x"), ("b", "r", "/x"), ("a", None, "/x"), ("a", "r", "/y")]
    }

    assert len(ids) == 4


def test_parts_of_a_readable_id_do_not_run_together():
    """Two users of two sites have two ids, whatever is in the names."""
    assert identity.user("a:b", "c") != identity.user("a", "b:c")
    assert identity.node("La Palma", "vm") == "urn:x-provtap:node:La%20Palma:vm"


def test_a_contact_is_identified_by_mail_ignoring_case():
    """Names of a person vary, e-mail addresses only in case."""
    assert identity.contact("A@B.org", "x", None) == identity.contact("a@b.ORG", "y", "z")
    assert identity.contact(None, "x", "o") != identity.contact(None, "x", None)


def test_long_id_is_cut_to_a_digest():
    """An id has at most 1 000 bytes (D13)."""
    name = "ä" * 400

    assert len(identity.activity_description(name, "1")) < 100
    assert identity.activity_description(name, "1") != identity.activity_description(name, "2")


def test_description_without_version_is_not_one_of_empty_version():
    """The natural key of a description is (name, version) (INGEST-d7)."""
    assert identity.activity_description("n", None) != identity.activity_description("n", "")


@pytest.mark.parametrize(("url", "name"), [("/a/b.h5", "b.h5"), ("/a/b/", "b"), ("b", "b"), ("/", None)])
def test_basename_is_the_last_step(url, name):
    """e_name is what astronomers call the file."""
    assert identity.basename(url) == name


def test_a_parameter_id_is_ascii_and_contains_its_name():
    """VOT-11: ids are published as char."""
    assert identity.parameter("urn:uuid:1", "Tool.größe [m]") == "urn:uuid:1/Tool.gr%C3%B6%C3%9Fe%20[m]"
    assert identity.parameter("urn:uuid:1", "A%B") != identity.parameter("urn:uuid:1", "A%25B")
    assert len(identity.parameter("urn:uuid:1", "ö" * 500)) < identity.MAX_BYTES
