"""Which hosts of a login answer; what standbys do is in tests/acceptance."""

from psycopg2.extensions import parse_dsn

from provtap.database.hosts import Host, count, hosts
from provtap.database.login import Login, database_login


def test_a_dead_host_does_not_hide_a_live_one(settings, tmp_path):
    """Each is asked by itself, whichever libpq would have taken."""
    known = parse_dsn(settings.database_url)
    several = {"host": f"{tmp_path},{known.get('host', '')}", "target_session_attrs": "standby"}
    dead, live = hosts(Login(known | several))

    assert (dead.standby, live.standby) == (None, False)
    assert dead.condition == "does not answer"
    assert live.condition == "is the primary"


def test_hosts_are_counted_as_libpq_does():
    """PostgreSQL documentation, "Specifying Multiple Hosts": one port for all, or one for each."""
    for url, number in {
        "dbname=x": 1,
        "postgresql://a,b,c/x": 3,
        "host=/run/a,/run/b port=5433": 2,
        "hostaddr=127.0.0.1,127.0.0.2": 2,
    }.items():
        assert count(database_login(url)) == number


def test_a_host_is_named_as_the_operator_did():
    login = database_login("postgresql://anna:secret@127.0.0.1:1,127.0.0.1:2/x")

    assert [host.name for host in hosts(login)] == ["127.0.0.1:1", "127.0.0.1:2"]


def test_lag_is_in_seconds():
    assert Host(name="b", standby=True, lag=3.4).condition == "is a standby, 3 s behind the primary"
