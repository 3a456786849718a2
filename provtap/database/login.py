"""The logins of an installation to their servers, and errors of connecting as sentences."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from psycopg2 import extensions

from provtap.config import Settings
from provtap.errors import NotConnected, SettingsError

OLDEST_SERVER = 150000
"""PostgreSQL 15 is the first version with UNIQUE NULLS NOT DISTINCT."""

_DEFAULTS = {
    "application_name": "provtap",
    "client_encoding": "UTF8",
    "connect_timeout": "5",  # seconds, for each host
    # A host without power sends nothing: it counts as dead after some seconds of silence.
    "tcp_user_timeout": "10000",  # milliseconds
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
_ROUNDS = 4096  # PostgreSQL's default
_ATTEMPT = re.compile(
    r'connection to server (?:at|on socket) "(?P<place>[^"]*)".*? failed: (?:FATAL: )? *(?P<reason>.*)'
)
"""libpq about one host."""
_SET = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS s (name, value)"


class Connection(extensions.connection):
    """A connection of psycopg2 with the state for its pool, and its prepared statements."""

    retired = False
    """Whether the pool closes it when it returns."""
    expires = float("inf")
    """When the pool closes it, on the monotonic clock."""
    idle_since = 0.0
    """When it last returned to the pool, on the same clock."""
    due = float("inf")
    """When its statement must have ended, on the same clock; then it is cut."""
    late = False
    """Whether it was cut for exceeding this time."""
    steps_back = False
    """Whether long statements on it get a lower priority."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.prepared: dict[str, str] = {}


@dataclass(frozen=True)
class Login:
    """A server, a database and a role as libpq keywords; str() does not contain the password."""

    parameters: Mapping[str, str] = field(repr=False)
    setting: str = "PROVTAP_DATABASE_URL"
    """The setting that the keywords came from, for error messages."""

    def __str__(self) -> str:
        known = self.parameters
        user = f"{known['user']}@" if "user" in known else ""
        place = known.get("host") or known.get("hostaddr") or known.get("service") or "the default host"
        hosts, ports = place.split(","), known.get("port", "").split(",")  # of each host, or one of all
        places = [f"{host}:{port}".rstrip(":") for host, port in zip(hosts, ports * len(hosts), strict=False)]
        return f"{user}{','.join(places)}/{known.get('dbname', '')}"

    @property
    def dsn(self) -> str:
        """The libpq keywords as one string, including the password."""
        return extensions.make_dsn(**_DEFAULTS | dict(self.parameters))

    def connect(self, session: Mapping[str, str] | None = None) -> Connection:
        """Return a new connection with the settings *session*, without a transaction.

        Raises: DatabaseUnavailable; SettingsError if the server is too old.
        """
        try:
            connection = psycopg2.connect(self.dsn, connection_factory=Connection)
        except psycopg2.Error as error:
            raise self._refused(error) from error
        try:
            self._prepare(connection, session or {})
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: Connection, session: Mapping[str, str]) -> None:
        version = connection.server_version
        if version < OLDEST_SERVER:
            raise SettingsError(
                "The database of this service is too old.",
                detail=f"PostgreSQL {version // 10000} at {self} is too old: ProvTAP needs PostgreSQL 15 or"
                " later.",
            )
        try:
            with connection.cursor() as cursor:
                cursor.execute(_SET, (list(session), list(session.values())))
            connection.commit()
        except psycopg2.Error as error:
            raise self._refused(error) from error

    def _refused(self, error: psycopg2.Error) -> NotConnected:
        """Return the error about a failed connection, with libpq's reason, which contains no password."""
        several = "," in self.parameters.get("host", self.parameters.get("hostaddr", ""))
        reason = _reason(str(error), several)
        return NotConnected(
            "The database of this service cannot be reached.",
            hint="Try again later.",
            detail=f"PostgreSQL at {self} cannot be used: {reason}. See {self.setting}.",
        )


def _reason(text: str, several: bool) -> str:
    """Return why libpq could not connect: for *several* hosts, the reason of each."""
    lines = [line for line in text.splitlines() if line and not line.startswith("\t")]  # without its hints
    if not several:
        lines = lines[-1:]  # before it, libpq may have tried another address, or encryption
    said = r"\g<place>: \g<reason>" if several else r"\g<reason>"
    return "; ".join(dict.fromkeys(_ATTEMPT.sub(said, line).rstrip(".") for line in lines))


def database_login(url: str, setting: str = "PROVTAP_DATABASE_URL") -> Login:
    """Return the login for *url*, a PostgreSQL URL or libpq keywords.

    Raises: SettingsError, without the text of *url*, which may contain a password.
    """
    try:
        parameters = extensions.parse_dsn(url)
    except psycopg2.Error as error:
        raise SettingsError(
            f"{setting} is neither a PostgreSQL URL nor libpq keywords.",
            hint="Write postgresql://user:password@host:port/database, optionally with ? and keywords"
            " of libpq"
            f" {extensions.libpq_version() // 10000}.",
        ) from error
    return Login(parameters, setting)


def read_login(settings: Settings, login: Login) -> Login:
    """Return the login for users' queries: PROVTAP_READ_URL, or the reader role on the same server."""
    if settings.read_url is not None:
        return database_login(settings.read_url, "PROVTAP_READ_URL")
    parameters = dict(login.parameters) | {"user": f"{settings.role_prefix}reader"}
    password = reader_password(settings)
    if password is not None:
        parameters["password"] = password
    return Login(parameters, "PROVTAP_READ_URL")


def reader_password(settings: Settings) -> str | None:
    """Return the password of the reader, derived from that in PROVTAP_DATABASE_URL; None: no password.

    The derivation can't be reversed, so a leaked reader password gives no other access.
    """
    if settings.read_url is not None or settings.database_url is None:
        return None
    password = database_login(settings.database_url).parameters.get("password")
    if password is None:
        return None
    return hmac.new(password.encode(), f"{settings.role_prefix}reader".encode(), hashlib.sha256).hexdigest()


def scram_verifier(password: str) -> str:
    """Return the verifier that PostgreSQL stores instead of *password* (RFC 5803), so that no log shows it.

    The salt is derived from the password, which is random: setting the same password changes nothing.
    """
    salt = hashlib.sha256(b"salt" + password.encode()).digest()[:16]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ROUNDS}:{_base64(salt)}${_base64(stored_key)}:{_base64(server_key)}"


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
