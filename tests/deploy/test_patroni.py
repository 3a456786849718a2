"""deploy/patroni: the files agree with each other, with the documents, and with what Patroni accepts.

`make ha-demo` runs them.
"""

import re
import subprocess
from itertools import product

import pytest
import yaml
from psycopg2.extensions import parse_dsn

from provtap.config import Settings
from provtap.database.scratch import SUFFIX
from tests.documents import ROOT

FILES = ROOT / "deploy/patroni"
PATRONI = ROOT / ".venv-patroni/bin/patroni"
ADDRESSES = ["192.0.2.11", "192.0.2.12", "192.0.2.13"]
PAGE = ROOT / "docs/how-to/scale.md"


@pytest.fixture(scope="module")
def patroni():
    return yaml.safe_load((FILES / "patroni.yml").read_text())


@pytest.fixture(scope="module")
def etcd():
    lines = [line for line in (FILES / "etcd.env").read_text().splitlines() if not line.startswith("#")]
    return dict(re.fullmatch(r'ETCD_([A-Z_]+)="(.*)"', line).groups() for line in lines)


@pytest.fixture(scope="module")
def logins():
    """The logins for writing and for users' queries."""
    settings = Settings.from_environ({"PROVTAP_CONFIG": str(FILES / "provtap.toml")})
    return parse_dsn(settings.database_url), parse_dsn(settings.read_url)


def test_etcd_patroni_and_provtap_name_the_same_machines(etcd, patroni, logins):
    members = dict(member.split("=") for member in etcd["INITIAL_CLUSTER"].split(","))

    assert list(members.values()) == [f"http://{address}:2380" for address in ADDRESSES]
    assert etcd["INITIAL_ADVERTISE_PEER_URLS"] == "http://ADDRESS:2380"
    assert patroni["etcd3"]["hosts"].split(",") == [f"{address}:2379" for address in ADDRESSES]
    assert etcd["ADVERTISE_CLIENT_URLS"] == "http://ADDRESS:2379"
    for login in logins:
        assert (login["host"].split(","), set(login["port"].split(","))) == (ADDRESSES, {"5432"})
    assert patroni["postgresql"]["connect_address"] == "ADDRESS:5432"


def test_hosts_are_chosen_by_their_role(logins):
    """A former primary is never written to; queries go to it only if there is no standby."""
    assert [login["target_session_attrs"] for login in logins] == ["read-write", "prefer-standby"]


def test_nothing_acknowledged_is_lost_and_the_loss_of_etcd_stops_nothing(patroni):
    cluster = patroni["bootstrap"]["dcs"]

    assert (cluster["synchronous_mode"], cluster["failsafe_mode"]) == ("quorum", True)
    assert cluster["postgresql"]["use_pg_rewind"]
    assert cluster["loop_wait"] + 2 * cluster["retry_timeout"] <= cluster["ttl"]
    assert f"`ttl: {cluster['ttl']}`" in PAGE.read_text()


def test_the_logins_of_provtap_and_the_replicas_are_admitted(patroni, logins):
    """And nobody else, from another machine."""
    rules = [rule.split() for rule in patroni["postgresql"]["pg_hba"] if rule.startswith("host")]
    admitted = {
        pair for _, databases, users, *_ in rules for pair in product(databases.split(","), users.split(","))
    }
    roles = {kind: login["username"] for kind, login in patroni["postgresql"]["authentication"].items()}

    assert admitted == {
        *((login["dbname"], login["user"]) for login in logins),
        (f"{logins[0]['dbname']}{SUFFIX}", logins[0]["user"]),
        ("replication", roles["replication"]),
        ("postgres", roles["rewind"]),
    }
    assert {method for *_, method in rules} == {"scram-sha-256"}


def test_the_administrator_is_created_with_the_password_that_is_used(logins):
    created = (FILES / "provtap.sql").read_text()

    assert f"CREATE ROLE {logins[0]['user']} LOGIN CREATEROLE PASSWORD '{logins[0]['password']}'" in created
    for name in (logins[0]["dbname"], f"{logins[0]['dbname']}{SUFFIX}"):
        assert f"CREATE DATABASE {name} OWNER {logins[0]['user']};" in created
    assert f"ALTER ROLE {logins[1]['user']} PASSWORD '{logins[1]['password']}'" in PAGE.read_text()


@pytest.mark.skipif(not PATRONI.exists(), reason="Patroni is not installed: make .venv-patroni/installed")
def test_patroni_accepts_its_file(tmp_path):
    """Except for what is not there: etcd, and PostgreSQL in the directory of Debian."""
    file = tmp_path / "patroni.yml"
    text = (FILES / "patroni.yml").read_text().replace("NODE", "node1").replace("ADDRESS", "192.0.2.11")
    file.write_text(text.replace("192.0.2.", "127.0.10."))
    done = subprocess.run(
        [PATRONI, "--validate-config", "--ignore-listen-port", file], capture_output=True, text=True
    )
    complaints = (done.stdout + done.stderr).splitlines()

    missing = ("is not reachable", "/usr/lib/postgresql/18/bin' does not exist.")
    assert [line for line in complaints if not line.endswith(missing)] == []


def test_the_page_shows_what_was_measured():
    printed = (ROOT / "benchmarks/ha-demo.md").read_text().splitlines()
    shown = re.findall(r"^\| .* s \|$", PAGE.read_text(), re.MULTILINE)

    assert len(shown) == 4
    assert all(any(line.startswith(row.removesuffix(" |")) for line in printed) for row in shown)
