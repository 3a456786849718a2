"""Requests that may be sent twice: the header Idempotency-Key of the IETF's draft.

The response is stored in the same transaction as the records of the request, so that both exist or neither.
Without a key nothing is duplicated either, because all records have natural keys; a key makes the responses
equal.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from flask import Response, request

from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.errors import KeyReused, ParameterError
from provtap.web.http.authentication import caller

SQL = load_statements("provtap.web.api", "idempotency.sql")

KEPT = 30
"""Days for which a response is kept."""
HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Answer:
    """The response to a request: a JSON text."""

    status: int
    text: str
    replayed: bool = False

    def response(self) -> Response:
        """Return it as an HTTP response, with a header that shows whether it is repeated."""
        response = Response(self.text, self.status, content_type="application/json")
        if self.replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response


@dataclass(frozen=True)
class Keyed:
    """A request with the key from its sender."""

    owner: str
    key: str
    sha256: str
    """Digest of the whole request, to detect another request with the same key."""

    def answered(self, database: Database) -> Answer | None:
        """Return the earlier response to this request, if there is one.

        Raises: KeyReused; DatabaseUnavailable.
        """
        with database.transaction() as transaction:
            return self._find(transaction)

    def keep(self, transaction: Transaction, answer: Answer) -> Answer:
        """Store *answer* and return it, or the response stored at the same time by another process.

        Raises: KeyReused; DatabaseUnavailable.
        """
        transaction.execute(SQL["forget"], days=KEPT)
        request_key = {"owner": self.owner, "key": self.key, "sha256": self.sha256}
        if transaction.execute(SQL["keep"], **request_key, status=answer.status, answer=answer.text):
            return answer
        return self._find(transaction) or answer

    def _find(self, transaction: Transaction) -> Answer | None:
        row = transaction.one(SQL["answered"], owner=self.owner, key=self.key)
        if row is None:
            return None
        if row.ar_sha256 != self.sha256:
            raise KeyReused(
                f"The {HEADER} {self.key} was already used with a different request.",
                hint="Use a new key for each request, such as a UUID.",
            )
        return Answer(row.ar_status, row.ar_answer, replayed=True)


def keyed(content: bytes) -> Keyed | None:
    """Return the current request with the body *content*, or None if it has no key.

    Raises: ParameterError for an invalid key.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise ParameterError(f"{HEADER} must have 1 to 255 visible ASCII characters, without blanks.")
    said = f"{request.method} {request.full_path} {sha256(content).hexdigest()}"
    return Keyed(caller() or "", key, sha256(said.encode()).hexdigest())
