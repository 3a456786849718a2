"""Accounts over HTTP: identification and errors, and no effect where they are off."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.errors import SettingsError
from provtap.operation.accounts import create, revoke
from provtap.web import create_app
from provtap.web.http.authentication import caller, require
from tests.web.conftest import query_status

QUERY = {"QUERY": "SELECT schema_name FROM tap_schema.schemas"}
EVERYWHERE = ["/", "/tap", "/tap/sync?QUERY=SELECT+1", "/tap/capabilities", "/tap/tables", "/tap/nothing"]


@pytest.fixture
def app(settings, database, tableset):
    """A service with optional accounts."""
    return create_app(replace(settings, accounts=True), database, tableset)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def closed_client(settings, database, tableset):
    """A client of a service whose queries need an account."""
    return create_app(
        replace(settings, accounts=True, require_account=True), database, tableset
    ).test_client()


@pytest.fixture
def token(database):
    return create(database, "maria", ["read"])


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def basic(name, token):
    return {"Authorization": f"Basic {b64encode(f'{name}:{token}'.encode()).decode()}"}


def challenges(response):
    return [text.partition(" ")[0] for text in response.headers.getlist("WWW-Authenticate")]


@pytest.mark.parametrize("way", [bearer, lambda token: basic("maria", token)], ids=["Bearer", "Basic"])
def test_a_token_makes_its_account_known(client, token, way):
    """AUTH-2: the response names the account of the client."""
    response = client.get("/tap/sync", query_string=QUERY, headers=way(token))

    assert response.status_code == 200
    assert response.headers["X-VO-Authenticated"] == "maria"


def test_the_caller_is_known_to_the_views(app, token):
    """Jobs and documents have owners."""
    app.add_url_rule("/who", view_func=lambda: str(caller()))

    assert app.test_client().get("/who", headers=bearer(token)).text == "maria"
    assert app.test_client().get("/who").text == "None"


@pytest.mark.parametrize("path", EVERYWHERE)
def test_an_anonymous_response_has_no_account_header(client, path):
    """AUTH-2."""
    assert "X-VO-Authenticated" not in client.get(path).headers


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize(
    "headers",
    [
        bearer("provtap_00000000_" + "x" * 43),
        basic("maria", "secret"),
        {"Authorization": "Basic %%%"},
        {"Authorization": "Digest username=maria"},
        {"Authorization": "nonsense"},
    ],
    ids=["Bearer", "Basic", "no base64", "Digest", "nonsense"],
)
def test_wrong_credentials_are_never_anonymous(client, path, headers):
    """AUTH-1: 401 with the methods of authentication, for all requests."""
    response = client.get(path, headers=headers)

    assert response.status_code == 401
    assert challenges(response) == ["Basic", "Bearer"]
    assert "X-VO-Authenticated" not in response.headers


def test_a_refusal_has_the_form_of_the_protocol(client):
    """ERR-4, ERR-7."""
    response = client.post("/tap/sync", data=QUERY, headers=bearer("wrong"))

    assert response.content_type == "application/x-votable+xml"
    assert query_status(response) == [
        ("ERROR", "The account name or the token is wrong, or the token has expired.")
    ]


def test_the_token_of_another_is_wrong(client, token):
    """By Basic both halves count."""
    assert client.get("/tap", headers=basic("jan", token)).status_code == 401


@pytest.mark.parametrize("name", ["", "zoë", "x" * 5_000])
def test_any_name_may_be_tried(client, token, name):
    """No header can make the service fail."""
    assert client.get("/tap", headers=basic(name, token)).status_code == 401


def test_a_revoked_token_is_wrong_at_once(client, database, token):
    assert client.get("/tap", headers=bearer(token)).status_code == 200
    revoke(database, token.split("_")[1])
    assert client.get("/tap", headers=bearer(token)).status_code == 401


def test_an_expired_token_is_wrong(client, database):
    expired = create(database, "maria", ["read"], datetime.now(UTC) - timedelta(seconds=1))

    assert client.get("/tap", headers=bearer(expired)).status_code == 401


@pytest.mark.parametrize("path", EVERYWHERE)
def test_where_accounts_are_off_the_header_counts_for_nothing(settings, database, tableset, path):
    """Without accounts the header is ignored: a proxy may have its own accounts."""
    client = create_app(settings, database, tableset).test_client()
    with_header, without = (client.get(path, headers=given) for given in (bearer("wrong"), {}))

    assert with_header.status_code == without.status_code
    assert with_header.headers == without.headers


def test_a_service_without_accounts_reports_this_for_writing(settings, database, tableset):
    """Storing needs a token; who sends one must not be asked for one."""
    client = create_app(settings, database, tableset).test_client()
    response = client.post("/api/v1/documents", data=b"[]", headers={"Authorization": "Bearer x"})

    assert response.status_code == 401
    assert response.json["error"]["message"] == (
        "This service has no accounts, so that nothing can be stored over HTTP."
    )


# Queries that need an account


@pytest.mark.parametrize("path", ["/tap/sync?QUERY=SELECT+1", "/provsap?ID=x"])
def test_queries_may_need_an_account(closed_client, path):
    """PROVTAP_REQUIRE_ACCOUNT; AUTH-1."""
    response = closed_client.get(path)

    assert (response.status_code, challenges(response)) == (401, ["Basic", "Bearer"])
    assert query_status(response)[0][1].startswith("This request needs an account.")


@pytest.mark.parametrize(
    "path", ["/", "/tap", "/tap/capabilities", "/tap/tables", "/tap/availability", "/provsap/capabilities"]
)
def test_metadata_need_no_account(closed_client, path):
    """TAP-2, C7."""
    assert closed_client.get(path).status_code == 200


def test_with_an_account_queries_are_answered(closed_client, token):
    response = closed_client.get("/tap/sync", query_string=QUERY, headers=bearer(token))

    assert response.status_code == 200


def test_a_token_without_the_scope_may_not_query(closed_client, database):
    """ERR-4: 403, because the account is known."""
    robot = create(database, "robot", ["write"])
    response = closed_client.get("/tap/sync", query_string=QUERY, headers=bearer(robot))

    assert response.status_code == 403
    assert query_status(response) == [("ERROR", "The token of robot does not have the scope read.")]


@pytest.mark.parametrize("way", [bearer, lambda token: basic("robot", token)], ids=["Bearer", "Basic"])
def test_any_token_may_read_public_data(client, database, way):
    """Clients that store records also read them; without the token reading would be anonymous."""
    robot = way(create(database, "robot", ["write"]))

    assert client.get("/tap/sync", query_string=QUERY, headers=robot).status_code == 200
    assert client.get("/api/v1/agents", headers=robot).status_code == 200
    assert client.get("/provsap?ID=x", headers=robot).status_code == 404


@pytest.mark.parametrize(
    "scopes, status", [([], 401), (["read"], 403), (["read", "write"], 200), (["admin"], 200)]
)
def test_storing_needs_the_scope_write(app, database, scopes, status):
    """The issue, part 7: anonymous requests may read at most."""
    app.add_url_rule("/api/store", view_func=lambda: str(require("write")))
    headers = bearer(create(database, "maria", scopes)) if scopes else {}

    assert app.test_client().get("/api/store", headers=headers).status_code == status


def test_storing_needs_bearer(app, database):
    """RFC 7617, section 4: a browser adds a password automatically, also for a form on a foreign page."""
    app.add_url_rule("/api/store", view_func=lambda: str(require("write")))
    headers = basic("maria", create(database, "maria", ["write"]))
    response = app.test_client().get("/api/store", headers=headers)

    assert (response.status_code, response.json["error"]["message"]) == (
        403,
        "Basic authentication allows reading only.",
    )


def test_required_accounts_without_accounts_are_refused():
    """No client could send a query."""
    with pytest.raises(SettingsError, match="PROVTAP_REQUIRE_ACCOUNT needs PROVTAP_ACCOUNTS"):
        Settings(require_account=True)


# Information for clients


def security_methods(client):
    root = etree.fromstring(client.get("/tap/capabilities").data)
    return {
        element.getparent().getparent().get("standardID"): [
            method.get("standardID") for method in element.getparent().findall("securityMethod")
        ]
        for element in root.iter("securityMethod")
    }


def test_capabilities_declare_authentication(client):
    """REG-14: as nobody, or by Basic, at the same URL; VOSI-1: the capabilities themselves are for all."""
    standards = ("ivo://ivoa.net/std/TAP", "ivo://ivoa.net/std/DataLink#links-1.1")
    assert security_methods(client) == dict.fromkeys(standards, [None, "ivo://ivoa.net/sso#BasicAA"])


@pytest.mark.parametrize("path", ["/tap/capabilities", "/provsap/capabilities"])
def test_capabilities_carry_challenges(client, path, token):
    """AUTH-2, C7: status 200 as well; an authenticated client needs no challenge."""
    assert (client.head(path).status_code, challenges(client.get(path))) == (200, ["Basic", "Bearer"])
    assert challenges(client.get(path, headers=bearer(token))) == []


def test_a_preflight_needs_no_credentials(closed_client):
    """HTTP-4: browsers send none, or may send those of the page."""
    assert closed_client.options("/tap/sync", headers=bearer("wrong")).status_code == 200


# Without database


@pytest.fixture
def cut_off(tableset):
    """A client of a service with accounts whose PostgreSQL can't be reached."""
    settings = Settings(database_url="host=/nonexistent dbname=provtap", accounts=True)
    with open_database(settings) as database:
        yield create_app(settings, database, tableset).test_client()


def test_a_token_that_can_not_be_looked_up_is_neither_right_nor_wrong(cut_off, token):
    """503: a client need not forget its password."""
    response = cut_off.get("/tap/tables", headers=bearer(token))

    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")


def test_availability_ignores_wrong_credentials(cut_off, token):
    """VOSI-2: it must respond even if nothing else does."""
    response = cut_off.get("/tap/availability", headers=bearer(token))

    assert response.status_code == 200
    assert b"<available>false" in response.data
