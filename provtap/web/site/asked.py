"""The query that a page is about: in its address, or stored as a job where it is too long for one."""

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
"""Characters of an address with a query in it; browsers, proxies and gunicorn take twice that."""
ROWS = 1_000
"""MAXREC of a page that was not asked for another."""


@dataclass(frozen=True)
class Asked:
    """A query, and how many rows of its result to show."""

    query: str
    maxrec: int
    job_id: str | None = None
    """The job that keeps the query, if that is too long for an address."""

    @classmethod
    def read(cls) -> "Asked":
        """Return what the current request asks.

        Raises: ParameterError; NotFound for a query that is no longer stored, or that is somebody else's.
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
        """Return what a form asks, whose line ends browsers have changed; a long query is stored.

        It is a job that waits to be run: within the limits of jobs, and destroyed as they are.

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
        """What names the query in an address."""
        return {"QUERY": self.query} if self.job_id is None else {"JOB": self.job_id}

    def address(self, page: str, **others: str | int | None) -> str:
        """Return the address of a page of the site about this query."""
        maxrec = self.maxrec if self.maxrec != ROWS else None
        asked = {**self.parameters, "MAXREC": maxrec, **others}
        return service().root_path + addresses.question(page, **asked)


def stored_query(job_id: str) -> str:
    """Return the query of a job. Raises: NotFound; Forbidden if the job is somebody else's."""
    job = jobs().store.job(job_id, client())
    try:
        return QueryRequest.from_parameters(job.grouped()).query
    except ParameterError as error:
        raise NotFound(f"Job {job_id} has no query.") from error


def form_token() -> str:
    """Return what a form that changes something sends back, to show that a page of ours made it.

    It is made of the client's password, which a browser adds to whatever a page sends, but shows to no page.
    Who has no account gets an empty text: there is no password to protect.
    """
    given = request.authorization
    secret = (given.password or given.token or "") if given is not None and caller() is not None else ""
    return hmac.new(secret.encode(), b"a form of ProvTAP", "sha256").hexdigest() if secret else ""


def refuse_foreign() -> None:
    """Do nothing unless a page of another site sent the form. Raises: Forbidden."""
    if is_foreign():
        raise Forbidden("This form was sent by a page of another site.", hint="Send it from this site.")


def check_form() -> None:
    """Do nothing if a page of ours made the form that was sent. Raises: Forbidden."""
    refuse_foreign()
    if not hmac.compare_digest(request.form.get("TOKEN", "").encode(), form_token().encode()):
        raise Forbidden("This form belongs to another account.", hint="Reload its page and send it again.")
