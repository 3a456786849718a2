"""Real clients on a service with accounts: with a token, with a wrong one, without."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
import pyvo
import requests
from pyvo.dal.exceptions import DALQueryError

from provtap.database.connect import open_database
from provtap.operation.accounts import create
from tests.live import live_server

STILTS = shutil.which("stilts")
QUERY = "SELECT a_id FROM provenance.activity"
with_stilts = pytest.mark.skipif(STILTS is None, reason="the program stilts is not installed")


@pytest.fixture(scope="module")
def token(settings):
    with open_database(settings) as database:
        return create(database, "maria", ["read"])


@pytest.fixture(scope="module")
def open_url(settings, tmp_path_factory):
    """Base URL of TAP on a service where one may have an account."""
    known = replace(settings, accounts=True)
    with live_server(known, tmp_path_factory.mktemp("open") / "serve.log") as server:
        yield f"{server.url}/tap"


@pytest.fixture(scope="module")
def closed_url(settings, tmp_path_factory):
    """Base URL of TAP on a service where queries need an account."""
    closed = replace(settings, accounts=True, require_account=True)
    with live_server(closed, tmp_path_factory.mktemp("closed") / "serve.log") as server:
        yield f"{server.url}/tap"


def by_password(tap_url, name, token):
    """Return pyvo's client, which reads in the capabilities how to authenticate."""
    session = pyvo.auth.AuthSession()
    session.credentials.set_password(name, token)
    return pyvo.dal.TAPService(tap_url, session=session)


def by_header(tap_url, token):
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    return pyvo.dal.TAPService(tap_url, session=session)


def test_pyvo_with_a_password(closed_url, token):
    """REG-14, PV-16: the session matches the URL of the interface."""
    tap = by_password(closed_url, "maria", token)

    assert len(tap.search(QUERY)) > 10
    assert "provenance.activity" in tap.tables


def test_pyvo_with_a_bearer_token(closed_url, token):
    assert len(by_header(closed_url, token).search(QUERY)) > 10


@pytest.mark.parametrize("connect", [by_header, lambda url, token: by_password(url, "maria", token)])
def test_a_wrong_token_reaches_the_user_of_pyvo(open_url, connect):
    """AUTH-1: also if no account is required."""
    with pytest.raises(DALQueryError, match="the token is wrong"):
        connect(open_url, "wrong").search(QUERY)


def test_pyvo_without_an_account(open_url, closed_url):
    """AUTH-3: metadata for all; queries where they are open."""
    assert len(pyvo.dal.TAPService(open_url).search(QUERY)) > 10
    assert "provenance.activity" in pyvo.dal.TAPService(closed_url).tables
    with pytest.raises(DALQueryError, match="needs an account"):
        pyvo.dal.TAPService(closed_url).search(QUERY)


@with_stilts
def test_taplint_finds_no_error_with_accounts(open_url):
    """Clients without an account see no difference."""
    stages = "stages=TMV TME TMS TMC CPV CAP AVV QGE QPO MDQ"
    report = stilts("taplint", f"tapurl={open_url}", stages, "report=EWF").stdout

    assert re.findall("^[EWF]-.*", report, re.MULTILINE) == []
    assert "Totals: Errors: 0; Warnings: 0" in report


@with_stilts
def test_stilts_with_an_account(closed_url, token):
    """Basic is what STILTS and TOPCAT know: name and token as properties, or in the window they open."""
    login = ("-Dstar.basicauth.user=maria", f"-Dstar.basicauth.password={token}")
    done = stilts(*login, "tapquery", "sync=true", f"tapurl={closed_url}", f"adql={QUERY}", "ofmt=csv")

    assert len(done.stdout.splitlines()) > 10, done.stderr


@with_stilts
def test_stilts_without_an_account(closed_url):
    """AUTH-1."""
    done = stilts("tapquery", "sync=true", f"tapurl={closed_url}", f"adql={QUERY}", "ofmt=csv")

    assert done.returncode == 1
    assert "This request needs an account." in done.stderr


def stilts(*arguments):
    return subprocess.run([STILTS, *arguments], capture_output=True, text=True, timeout=300)
