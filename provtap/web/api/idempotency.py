"""Requests that may be sent twice: the header Idempotency-Key of the IETF's draft.

An answer is kept in the transaction that stored what the request told: either both are there or neither is.
Nothing is doubled without a key either, for every record has a natural key; a key makes the answers alike.
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
"""Days that an answer is kept."""
HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Answer:
    """The answer to a request: a JSON text."""

    status: int
    text: str
    replayed: bool = False

    def response(self) -> Response:
        """Return it as a response; a header says whether it is repeated."""
        response = Response(self.text, self.status, content_type="application/json")
        if self.replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response


@dataclass(frozen=True)
class Keyed:
    """A request, and the key that its sender gave it."""

    owner: str
    key: str
    sha256: str
    """Digest of all that the request says; another one under the same key is another request."""

    def answered(self, database: Database) -> Answer | None:
        """Return the earlier answer to this request, if there is one.

        Raises: KeyReused; DatabaseUnavailable.
        """
        with database.transaction() as transaction:
            return self._find(transaction)

    def keep(self, transaction: Transaction, answer: Answer) -> Answer:
        """Keep *answer*, and return it, or the one that was given at the same time.

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
    """Return the current request, whose body is *content*, by its key, or None if it has none.

    Raises: ParameterError for what can't be a key.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise ParameterError(f"{HEADER} must have 1 to 255 visible ASCII characters, without blanks.")
    said = f"{request.method} {request.full_path} {sha256(content).hexdigest()}"
    return Keyed(caller() or "", key, sha256(said.encode()).hexdigest())
