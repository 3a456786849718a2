"""Tokens: made once, kept as digests, ended at once."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from provtap.commands import main
from provtap.errors import NotFound, ParameterError
from provtap.operation.accounts import SCOPES, ApiAccount, account, create, revoke, tokens


def stored(database):
    """Return all that the store holds of tokens, as text."""
    with database.transaction() as transaction:
        return str([tuple(row) for row in transaction.rows("SELECT * FROM provtap.token")])


def test_a_token_names_its_account_and_scopes(database):
    """The issue, part 7."""
    token = create(database, "maria", ["write", "read"])

    assert account(database, token) == ApiAccount("maria", frozenset({"read", "write"}))


def test_the_store_does_not_hold_the_secret(database):
    """Who reads the table, or a backup of it, can't use a token."""
    token = create(database, "maria", ["read"])
    _, token_id, secret = token.split("_", 2)

    assert token_id in stored(database)
    assert secret not in stored(database)


@pytest.mark.parametrize("wrong", ["", "maria", "provtap_00000000_" + "x" * 43, "é" * 60])
def test_an_invalid_token_has_no_account(database, wrong):
    create(database, "maria", ["read"])

    assert account(database, wrong) is None


def test_a_token_with_another_secret_or_id_has_no_account(database):
    """Both halves must belong together."""
    first, second = create(database, "maria", ["read"]), create(database, "maria", ["read"])

    assert account(database, first[:16] + second[16:]) is None
    assert account(database, first[:-1] + ("A" if first[-1] != "A" else "B")) is None


def test_an_expired_token_has_no_account(database):
    past, future = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))

    assert account(database, create(database, "maria", ["read"], past)) is None
    assert account(database, create(database, "maria", ["read"], future)) is not None


def test_a_token_is_revoked_by_its_id(database):
    """The account's other tokens hold."""
    first, second = create(database, "maria", ["read"]), create(database, "maria", ["read"])

    assert revoke(database, first.split("_")[1]) == 1
    assert [account(database, token) is None for token in (first, second)] == [True, False]


def test_all_tokens_of_an_account_are_revoked_by_its_name(database):
    mine = [create(database, "maria", ["read"]) for _ in range(2)]
    other = create(database, "jan", ["read"])

    assert revoke(database, "maria") == 2
    assert [account(database, token) for token in mine] == [None, None]
    assert account(database, other) is not None


def test_a_revoked_token_can_not_be_revoked_again(database):
    create(database, "maria", ["read"])
    revoke(database, "maria")

    with pytest.raises(NotFound, match=r"No valid token .* maria\. Run provtap token list"):
        revoke(database, "maria")


def test_the_list_has_everything_except_the_secret(database):
    """Revoked ones too: the operator sees what there was."""
    end = datetime(2099, 1, 1, tzinfo=UTC)
    create(database, "maria", ["admin", "read"], end)
    create(database, "jan", ["write"])
    revoke(database, "jan")
    first, second = tokens(database)

    assert (first.name, first.scopes, first.expires, first.revoked) == ("maria", ["read", "admin"], end, None)
    assert (second.name, second.revoked is None) == ("jan", False)


@pytest.mark.parametrize("name", ["", "-x", "a:b", "zoë", "a b", "x" * 65, "a\n"])
def test_a_name_must_fit_a_header(database, name):
    """RFC 7617: no colon in a user's name; X-VO-Authenticated carries it."""
    with pytest.raises(ParameterError, match="is not a valid name for an account"):
        create(database, name, ["read"])


def test_an_unknown_scope_is_refused(database):
    with pytest.raises(ParameterError, match=r"scope 'root'\. The scopes are read, write, admin\."):
        create(database, "maria", ["read", "root"])


def test_admin_may_do_everything():
    """One scope stands for all of them; no other stands for another."""
    may = {scope: [ApiAccount("x", frozenset({scope})).may(other) for other in SCOPES] for scope in SCOPES}

    assert may == {
        "read": [True, False, False],
        "write": [False, True, False],
        "admin": [True, True, True],
    }


def test_users_queries_can_not_read_tokens(database):
    """D9, D11: the private schema is out of their reach, whatever the resolver does."""
    with database.reader.connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT has_schema_privilege(current_user, 'provtap', 'USAGE')")

        assert cursor.fetchone() == (False,)


def test_the_list_shows_the_limits_of_an_account(database, settings, monkeypatch):
    """`provtap token create` sets them for all tokens, and a token without them leaves them."""
    monkeypatch.setenv("PROVTAP_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PROVTAP_ROLE_PREFIX", settings.role_prefix)
    provtap = CliRunner().invoke
    provtap(main, ["token", "create", "maria", "--bytes", "1000", "--jobs", "5"])
    provtap(main, ["token", "create", "maria"])
    limited = provtap(main, ["token", "list"]).stdout.splitlines()
    provtap(main, ["token", "quota", "maria", "--jobs", "7"])
    changed = provtap(main, ["token", "list"]).stdout.splitlines()

    assert [line.partition("Z")[2] for line in limited] == [", 5 jobs, 1000 bytes"] * 2
    assert [line.partition("Z")[2] for line in changed] == [", 7 jobs"] * 2
