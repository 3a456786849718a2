"""The query of a page: in its address, or stored as a job if it is too long for an address."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import request

from provtap import addresses
from provtap.errors import Forbidden, NotFound, ParameterError
from provtap.query.request import QueryRequest
from provtap.web.http.authentication import caller, client
from provtap.web.http.context import service
from provtap.web.http.origin import is_foreign
from provtap.web.http.params import parameters
from provtap.web.jobs import jobs

ADDRESS = 4_000
"""Maximum characters of an address with a query; browsers, proxies and gunicorn accept twice that."""
ROWS = 1_000
"""Default MAXREC of a page."""


@dataclass(frozen=True)
class Asked:
    """A query, and the number of rows of its result to show."""

    query: str
    maxrec: int
    job_id: str | None = None
    """The job that stores the query, if it is too long for an address."""

    @classmethod
    def read(cls) -> "Asked":
        """Return the query of the current request.

        Raises: ParameterError; NotFound for a query that is no longer stored, or belongs to another account.
        """
        given = parameters(request)
        job_id = given.get("JOB", [None])[0]
        if job_id is not None and "QUERY" not in given:
            given |= {"QUERY": [stored_query(job_id)]}
        asked = QueryRequest.from_parameters(given)
        maxrec = ROWS if asked.maxrec is None else asked.maxrec
        return cls(asked.query, min(maxrec, service().settings.maxrec), job_id)

    @classmethod
    def submitted(cls) -> "Asked":
        """Return the query of a form, with line ends restored; a long query is stored.

        It is stored as a PENDING job, within the limits of jobs, and is destroyed like a job.

        Raises: ParameterError; Forbidden for a form of another site, or for too many jobs; TooLarge.
        """
        asked = cls.read()
        asked = replace(asked, query=asked.query.replace("\r\n", "\n"))
        if asked.job_id is not None or len(asked.address("result")) <= ADDRESS:
            return asked
        refuse_foreign()
        given = {"LANG": ["ADQL"], "QUERY": [asked.query], "MAXREC": [str(asked.maxrec)]}
        return replace(asked, job_id=jobs().store.create(client(), given).job_id)

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of the query in an address."""
        return {"QUERY": self.query} if self.job_id is None else {"JOB": self.job_id}

    def address(self, page: str, **others: str | int | None) -> str:
        """Return the address of a page of the site about this query."""
        maxrec = self.maxrec if self.maxrec != ROWS else None
        asked = {**self.parameters, "MAXREC": maxrec, **others}
        return service().root_path + addresses.question(page, **asked)


def stored_query(job_id: str) -> str:
    """Return the query of a job. Raises: NotFound; Forbidden if the job belongs to another account."""
    job = jobs().store.job(job_id, client())
    try:
        return QueryRequest.from_parameters(job.grouped()).query
    except ParameterError as error:
        raise NotFound(f"Job {job_id} has no query.") from error


def form_token() -> str:
    """Return the token that a form must send back to prove that it came from our own page.

    It is derived from the client's password, which a browser sends with requests of any page, but reveals to
    none. Without an account it is an empty text, because there is no password to protect.
    """
    given = request.authorization
    secret = (given.password or given.token or "") if given is not None and caller() is not None else ""
    return hmac.new(secret.encode(), b"a form of ProvTAP", "sha256").hexdigest() if secret else ""


def refuse_foreign() -> None:
    """Reject a form that was sent by a page of another site. Raises: Forbidden."""
    if is_foreign():
        raise Forbidden("This form was sent by a page of another site.", hint="Send it from this site.")


def check_form() -> None:
    """Reject a form that was not made by our own page. Raises: Forbidden."""
    refuse_foreign()
    if not hmac.compare_digest(request.form.get("TOKEN", "").encode(), form_token().encode()):
        raise Forbidden("This form belongs to another account.", hint="Reload its page and send it again.")
