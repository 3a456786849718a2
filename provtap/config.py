"""Settings: read once at start from PROVTAP_* variables or a TOML file, then passed down."""

import logging
import os
import re
import socket
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from provtap.downloads import Downloads
from provtap.errors import SettingsError

log = logging.getLogger(__name__)

PREFIX = "PROVTAP_"
MOST_PROCESSES = 8
"""Maximum default number of web processes."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of an operator: PROVTAP_<NAME>, or <name> in the TOML file PROVTAP_CONFIG.

    Environment variables override the file. `docs/reference/settings.md` explains all settings.
    """

    database_url: str | None = None
    """The PostgreSQL server, as URL or libpq keywords; None starts the embedded server in *data_dir*."""
    read_url: str | None = None
    """The login for users' queries; None: the role <role_prefix>reader on the same server."""
    data_dir: Path = Path("provtap-data")
    base_url: str | None = None
    """Root of the site as clients see it, without /tap; None: made from host and port."""
    metadata_dir: Path | None = None
    """Further YAML files that publish an operator's own tables."""
    obscore: str | None = None
    """Table, view or foreign table behind ivoa.obscore; None: the table that `provtap obscore` fills."""
    site: str = "local"
    """Scope of local paths: equal paths of two sites are two files."""
    download_urls: str | None = None
    """URLs for downloading files, by prefixes of their locations: see `provtap.downloads`."""
    role_prefix: str = "provtap_"
    host: str = "127.0.0.1"
    port: int = 8080
    admin_port: int | None = None
    """Port of /live, /ready and /metrics; None: not available."""
    admin_host: str | None = None
    """Address of the admin port; None: the same as *host*."""
    workers: int | None = None
    """Web processes; None: one for each core."""
    threads: int = 256
    """Threads of each web process; a thread answers one request at a time."""
    grace: float = 4.0
    """Seconds for requests to finish after the service was asked to stop. Together with PostgreSQL's shutdown
    this is below the 10 seconds after which containers are killed."""
    read_connections: int = 8
    """Connections for users' queries, for each web process."""
    connection_wait: float = 30.0
    """Seconds that a request waits for a free connection before status 503."""
    connection_age: float = 300.0
    """Seconds after which a connection is replaced."""
    maxrec: int = 10_000
    """Default of MAXREC, in rows."""
    maxrec_limit: int = 10_000_000
    """Maximum of MAXREC, in rows."""
    sync_duration: float = 60.0
    """Maximum seconds of a synchronous query in PostgreSQL."""
    proxies: int = 0
    """Number of proxies in front of the service, whose X-Forwarded-For is trusted; may be 0."""
    async_duration: float = 600.0
    """Default execution duration of a job, in seconds."""
    async_duration_limit: float = 86_400.0
    """Maximum execution duration of a job, in seconds."""
    job_retention: float = 604_800.0
    """Maximum seconds from the creation of a job to its destruction."""
    job_connections: int = 4
    """Jobs that one worker executes at once, each with a connection."""
    client_jobs: int = 1_000
    """Maximum jobs of one client."""
    client_bytes: int = 50_000_000_000
    """Maximum disk space of one client's jobs in bytes: parameters, uploads and results."""
    client_active: int = 50
    """Maximum jobs of one client that are queued or executing."""
    client_executing: int = 2
    """Maximum jobs of one client that execute at once."""
    result_dir: Path | None = None
    """Directory of the results of jobs; None: `results` in *data_dir*."""
    result_reserve_bytes: int = 1_000_000_000
    """Disk space that results and uploads of jobs leave free for the database, in bytes."""
    wait_limit: float = 50.0
    """Maximum seconds that a request with WAIT blocks."""
    worker_lost: float = 15.0
    """Seconds of silence after which a worker counts as lost."""
    query_bytes: int = 1_000_000
    """Maximum length of a query text, in bytes."""
    upload_bytes: int = 50_000_000
    """Maximum size of all tables uploaded with one request or job, in bytes."""
    upload_tables: int = 10
    """Maximum number of tables uploaded with one request or job."""
    upload_rows: int = 5_000_000
    """Maximum rows of all tables uploaded with one request or job."""
    upload_cells: int = 20_000_000
    """Maximum cells of all these tables."""
    upload_duration: float = 60.0
    """Maximum seconds to fetch one such table from its URL, and of processor time to read all of them."""
    upload_private: bool = False
    """Whether tables may be fetched from addresses that are not public."""
    spool_bytes: int = 10_000_000_000
    """Maximum disk space of one result that its client reads slowly, in bytes."""
    spool_client_bytes: int = 20_000_000_000
    """Maximum disk space of the results of one client that reads slowly, in each process, in bytes."""
    spool_process_bytes: int = 40_000_000_000
    """Maximum disk space of all results that are read slowly, in each process, in bytes."""
    spool_reserve_bytes: int = 5_000_000_000
    """Disk space that slowly read results leave free for jobs and the database, in bytes."""
    temp_bytes: int = 10_000_000_000
    """Maximum temporary disk space of one query in PostgreSQL, in bytes."""
    backend_bytes: int | None = None
    """Memory limit of each process of the embedded PostgreSQL in bytes; None: a share of the machine's."""
    provsap_nodes: int = 10_000
    """Maximum nodes of one response of ProvSAP."""
    asof_documents: int = 2_000
    """Maximum documents that are read for one response as of a date."""
    asof_bytes: int = 50_000_000
    """Maximum size of all these documents, in bytes."""
    document_bytes: int = 100_000_000
    """Maximum size of one provenance document, in bytes."""
    document_records: int = 1_000_000
    """Maximum records in a document sent over HTTP."""
    accounts: bool = False
    """Whether tokens are used; otherwise the header Authorization is ignored."""
    require_account: bool = False
    """Whether queries need a token; metadata can always be read."""
    title: str | None = None
    """Name of the service, in the head of every page; None: ProvTAP, and no registry record."""
    description: str | None = None
    """Description of the service in a sentence or two, on its home page and in its registry record."""
    contact: str | None = None
    """Contact: a mail address or a URL, in the foot of every page and in results."""
    publisher: str | None = None
    """The publisher of the service, such as an observatory, in results and the registry record."""
    service_ivoid: str | None = None
    """IVOA identifier of the service."""
    subjects: str = "provenance, ProvTAP, astronomy-databases, virtual-observatories"
    """Keywords of the registry record, separated by commas; best from the Unified Astronomy Thesaurus."""
    reference_url: str | None = None
    """Page about the data, for results and the registry record; None: the home page."""
    citation: str | None = None
    """How to cite the data as a whole: a DOI, a bibcode or another identifier."""
    rights_uri: str | None = None
    """Licence of the data as a whole, as a URI of SPDX or Creative Commons."""
    logo: Path | None = None
    """SVG or PNG beside the title of every page."""
    examples: Path | None = None
    """File of further examples, beside those of ProvTAP."""
    access_log: str | None = None
    """File for one line per request, `-` for standard output; None: no access log."""

    adql_strict: bool = False
    """Whether extensions of ADQL 2.1 are rejected."""
    declare_coalesce: bool = False
    """Whether the capabilities declare COALESCE, with a feature type that some validators don't know yet."""

    def __post_init__(self) -> None:
        """Reject settings that cannot work, such as an unusable root, and required but disabled accounts."""
        if self.base_url is not None and not re.fullmatch(r"https?://[^/?#\s]+[^?#\s]*", self.base_url):
            raise SettingsError(
                f"{PREFIX}BASE_URL must be an http or https URL, not {self.base_url!r}.",
                hint="Write it like https://archive.example.org/provenance.",
            )
        for name, (form, meaning) in _FORMS.items():
            value = getattr(self, name)
            if value is not None and not form.fullmatch(value):
                raise SettingsError(f"{PREFIX}{name.upper()} must be {meaning}, not {value!r}.")
        if self.require_account and not self.accounts:
            raise SettingsError(
                f"{PREFIX}REQUIRE_ACCOUNT needs {PREFIX}ACCOUNTS; without it nobody could send a query."
            )
        _ = self.downloads  # an invalid one is an error now

    @cached_property
    def downloads(self) -> Downloads:
        """The URLs for downloading files."""
        return Downloads.of(self.download_urls or "", self.site)

    @property
    def name(self) -> str:
        """The name of the service on its pages."""
        return self.title or "ProvTAP"

    @property
    def processes(self) -> int:
        """The number of web processes: one for each core, at least two, so that one may fail."""
        return self.workers or max(2, min(len(os.sched_getaffinity(0)), MOST_PROCESSES))

    @property
    def quick_connections(self) -> int:
        """Connections of each web process for clients with quick queries, while the others are busy."""
        return max(1, self.read_connections // 4)

    @property
    def form_bytes(self) -> int:
        """Maximum size of a form without files: a urlencoded query takes up to three bytes for each byte."""
        return 3 * self.query_bytes + 65_536

    @property
    def root_url(self) -> str:
        """Root of the site as clients see it, without a trailing slash."""
        if self.base_url:
            return self.base_url.rstrip("/")
        host = self.host
        if host in {"", "0.0.0.0", "::"}:  # all addresses of this machine, which clients can't use as a name
            host = socket.gethostname()
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @classmethod
    def from_environ(
        cls, environ: Mapping[str, str] | None = None, warn: Callable[[str], None] = log.warning
    ) -> "Settings":
        """Read the settings; an invalid value, or an unknown name in the file, is an error.

        An unknown variable is only a warning, because other programs may use the prefix.

        Raises: SettingsError.
        """
        environ = os.environ if environ is None else environ
        known = {f.name: f.type for f in fields(cls)}
        given = _read_file(environ.get(f"{PREFIX}CONFIG"))
        for name in given.keys() - known.keys():
            raise SettingsError(f"There is no setting {PREFIX}{name.upper()}.", hint=_nearest(name, known))
        for key, value in environ.items():
            name = key.removeprefix(PREFIX).lower()
            if not key.startswith(PREFIX) or key in _OTHERS or key.startswith(_OF_TESTS):
                continue
            if name not in known or _KUBERNETES.match(value):
                hint = None if name in {*known, "service_host"} else _nearest(name, known)
                warn(" ".join(filter(None, [f"{key} is not a setting of ProvTAP and is ignored.", hint])))
                continue
            given[name] = value
        return cls(**{name: _cast(name, value, known) for name, value in given.items()})


_OTHERS = {f"{PREFIX}{name}" for name in ("CONFIG", "URL", "TOKEN", "PARENT")}
"""Variables of ProvTAP that are not settings."""
_OF_TESTS = f"{PREFIX}TEST_"
_KUBERNETES = re.compile(r"(tcp|udp|sctp)://")
"""What Kubernetes puts into PROVTAP_PORT, among others such as PROVTAP_SERVICE_HOST, for a Service that is
called provtap."""
_URL = r"https?://[^\s/?#]+[^\s]*"
_IVOID_PART = r"[\w.~!*'()+=-]"
_FORMS = {
    "contact": (
        re.compile(rf"{_URL}|[^\s@:/?#]+@[^\s@:/?#]+"),
        "a mail address or an http or https URL",
    ),
    "reference_url": (re.compile(_URL), "an http or https URL"),
    "rights_uri": (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+"), "a URI"),
    "service_ivoid": (
        re.compile(rf"ivo://\w{_IVOID_PART}{{2,}}(/{_IVOID_PART}+)+", re.ASCII),
        "an IVOA identifier like ivo://example.org/provtap",
    ),
}
"""The form that a setting must have, and how to say it."""
_MAY_BE_ZERO = {"proxies"}


def _nearest(name: str, known: Mapping[str, Any]) -> str | None:
    near = get_close_matches(name, known, n=1)
    return f"Did you mean {PREFIX}{near[0].upper()}?" if near else None


def _read_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else error
        raise SettingsError(f"The settings file {path} cannot be read: {why}.") from error


def _cast(name: str, value: Any, known: Mapping[str, Any]) -> Any:
    """Return *value* with the type of the setting *name*."""
    kind = str(getattr(known[name], "__name__", known[name])).removesuffix(" | None")
    try:
        if kind == "bool":
            return _BOOLEANS[str(value).lower()]
        if kind == "int":
            whole = int(str(value))
            return whole if whole == 0 and name in _MAY_BE_ZERO else _positive(whole)
        if kind == "float":
            return _positive(float(str(value)))
        return Path(str(value)) if kind.endswith("Path") else str(value)
    except KeyError as error:
        raise SettingsError(f"{PREFIX}{name.upper()} must be true or false, not {value!r}.") from error
    except ValueError as error:
        least = "0 or a positive" if name in _MAY_BE_ZERO else "a positive"
        number = "whole number" if kind == "int" else "number"
        raise SettingsError(f"{PREFIX}{name.upper()} must be {least} {number}, not {value!r}.") from error


_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _positive(number: float) -> float:
    if not number > 0 or number == float("inf"):
        raise ValueError(number)
    return number
