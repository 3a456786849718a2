"""Accounts and their rights. A token belongs to an account and has scopes; only its digest is stored."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from provtap.database.connect import Database
from provtap.database.sql import load_statements
from provtap.errors import NotFound, ParameterError

SQL = load_statements("provtap.operation", "accounts.sql")

SCOPES = ("read", "write", "admin")
"""Query and retrieve; store; everything. A token has one or more scopes."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_TOKEN = re.compile(r"provtap_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_NOBODY = "0" * 64


@dataclass(frozen=True)
class ApiAccount:
    """The account of a request, and the scopes of its token."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Return whether the token has *scope*."""
        return scope in self.scopes or "admin" in self.scopes


@dataclass(frozen=True)
class ApiToken:
    """A token for operators: everything except its secret."""

    id: str
    name: str
    scopes: list[str]
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    bytes: int | None
    """Bytes of disk for the jobs of its account; None: as for all clients."""
    jobs: int | None
    """Number of jobs of its account; None: as for all clients."""


def create(database: Database, name: str, scopes: Sequence[str], expires: datetime | None = None) -> str:
    """Return a new token of the account *name*, which can't be shown again.

    Raises: ParameterError for an invalid name or scope; DatabaseUnavailable.
    """
    if not _NAME.fullmatch(name):
        raise ParameterError(
            f"{name!r} is not a valid name for an account.",
            hint="Use up to 64 letters, digits and . _ @ -, beginning with a letter or digit.",
        )
    for scope in scopes:
        if scope not in SCOPES:
            raise ParameterError(f"Unknown scope {scope!r}.", hint=f"The scopes are {', '.join(SCOPES)}.")
    token_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    with database.transaction() as transaction:
        transaction.execute(
            SQL["create"],
            id=token_id,
            name=name,
            sha256=_digest(secret),
            scopes=sorted(set(scopes), key=SCOPES.index),
            expires=expires,
        )
    return f"provtap_{token_id}_{secret}"


def set_quota(database: Database, name: str, max_bytes: int | None, max_jobs: int | None) -> None:
    """Set the limits for the jobs of the account *name*; None: the limit of all clients.

    Raises: NotFound for an account that never had a token; DatabaseUnavailable.
    """
    if name not in {each.name for each in tokens(database)}:
        raise NotFound(f"No account has the name {name}.", hint="Run provtap token list to see the accounts.")
    with database.transaction() as transaction:
        transaction.execute(SQL["set_quota"], name=name, bytes=max_bytes, jobs=max_jobs)


def tokens(database: Database) -> list[ApiToken]:
    """Return all tokens, including revoked and expired ones, the oldest first.

    Raises: DatabaseUnavailable.
    """
    with database.transaction() as transaction:
        return [ApiToken(*row) for row in transaction.rows(SQL["tokens"])]


def revoke(database: Database, name_or_id: str) -> int:
    """Revoke the token with this id, or all tokens of the account with this name; return their number.

    Raises: NotFound if there is no valid one; DatabaseUnavailable.
    """
    with database.transaction() as transaction:
        revoked = transaction.execute(SQL["revoke"], name_or_id=name_or_id)
    if not revoked:
        raise NotFound(
            f"No valid token has the id or account {name_or_id}.",
            hint="Run provtap token list to see the tokens.",
        )
    return revoked


def account(database: Database, token: str) -> ApiAccount | None:
    """Return the account of a valid token, or None if it is wrong, revoked or expired.

    The public half of the token finds the row; the secret half is compared in constant time.

    Raises: DatabaseUnavailable.
    """
    halves = _TOKEN.fullmatch(token)
    if halves is None:
        return None
    with database.transaction() as transaction:
        row = transaction.one(SQL["valid"], id=halves[1])
    right = compare_digest(_digest(halves[2]), row.tk_sha256 if row else _NOBODY)
    return ApiAccount(row.tk_name, frozenset(row.tk_scopes)) if row and right else None


def _digest(secret: str) -> str:
    """Return the digest to store; for a secret of 256 random bits a slow hash would not be safer."""
    return hashlib.sha256(secret.encode()).hexdigest()
