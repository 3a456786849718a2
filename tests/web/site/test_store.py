import pytest
from flask import render_template

from provtap.errors import Busy, ParameterError
from provtap.web.site import store
from provtap.web.site.store import Total, asking

RUNS = """
SELECT a_id, ARRAY[a_id]::text[] AS key FROM provenance.activity
 WHERE %(after)s::text[] IS NULL OR a_id > (%(after)s::text[])[1] ORDER BY a_id LIMIT %(limit)s"""
SLOW = "SELECT pg_sleep(60)"


@pytest.fixture
def request_context(site_app):
    with site_app.test_request_context("/"):
        yield


def test_pages_of_a_list_have_each_row_once(request_context, monkeypatch):
    """By key: no row is skipped or repeated from one page to the next."""
    monkeypatch.setattr(store, "ROWS", 7)
    with asking() as asked:
        ids, after, shown = [], None, []
        while True:
            page = asked.page(RUNS, lambda row: row.a_id, after=after)
            ids += page.rows
            shown.append(page.shown)
            if (after := page.after) is None:
                break
        everything = [row.a_id for row in asked.rows("SELECT a_id FROM provenance.activity ORDER BY a_id")]

    assert ids == everything
    assert page.total == Total(len(everything))
    assert shown[:2] == ["1–7", "8–14"]


def test_totals_are_counted_to_a_bound(request_context, monkeypatch):
    monkeypatch.setattr(store, "COUNTED", 5)
    with asking() as asked:
        assert asked.total(RUNS, after=None) == Total(5, more=True)


@pytest.mark.parametrize("token", ["x", "WzFd", "bnVsbA", "WyIxIl0", "é", "eyIxIjoyfQ", "WzAsIlx1MDAwMCJd"])
def test_a_key_that_no_page_gave_is_refused(request_context, token):
    with asking() as asked, pytest.raises(ParameterError, match="after is not a key"):
        asked.page(RUNS, tuple, after=token)


def test_a_page_after_its_time_limit_is_partial_with_a_notice(request_context, monkeypatch):
    """The page stays readable: rows that come too late are left out."""
    monkeypatch.setattr(store, "SECONDS", 0.2)
    with asking() as asked:
        assert asked.rows("SELECT 1 AS n")
        assert asked.rows(SLOW) == []
        assert asked.rows("SELECT 1 AS n") == []
        assert asked.page(RUNS, tuple).total == Total(0, more=True)
        with pytest.raises(Busy):
            asked.rows("SELECT 1 AS n", needed=True)
        page = render_template("help.html")

    assert "Something is missing on this page." in page


def test_pages_ask_with_the_rights_of_users(request_context):
    """Pages show only data visible to queries."""
    with asking() as asked:
        [row] = asked.rows("SELECT current_user, current_setting('transaction_read_only') AS read_only")
        assert row.current_user.endswith("reader")
        assert row.read_only == "on"
        assert asked.query("SELECT COUNT(*) AS n FROM provenance.activity")[0].n > 0
