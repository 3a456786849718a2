"""`provtap status`: the state of the store and of this machine, and tasks for the operator.

Unlike other commands it does not stop at the first error, but reports as much as possible.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from provtap import install
from provtap.config import Settings
from provtap.database import migrate
from provtap.database.connect import Database, open_database
from provtap.database.embedded.cluster import Cluster
from provtap.database.hosts import Host
from provtap.database.scratch import missing_scratch
from provtap.errors import ProvtapError
from provtap.monitoring.state import SQL, Disk, State, disks, read_hosts, state
from provtap.tableset import Tableset
from provtap.uws.job import Phase

PATIENCE = 5.0
"""Seconds for the login of users' queries to answer."""


@dataclass(frozen=True)
class Problem:
    """A task for the operator."""

    text: str
    statements: tuple[str, ...] = ()
    """SQL to run on the database, with the role named in *text*."""


@dataclass(kw_only=True)
class Status:
    """The state found; None for unknown values."""

    database: str
    """The database, without a password."""
    migrations: int
    """Number of migrations in this version of ProvTAP."""
    missing: list[str] | None = None
    """Migrations that the database lacks."""
    state: State | None = None
    hosts: list[Host] = field(default_factory=list)
    """The servers of PROVTAP_READ_URL."""
    disks: list[Disk] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Advice about things that cannot be checked from here."""

    def needs(self, text: str, *statements: str) -> None:
        """Add a task."""
        self.problems.append(Problem(text, statements))


def status(settings: Settings, tableset: Tableset) -> Status:
    """Return the whole state; failing checks become problems."""
    found = Status(database=_place(settings), migrations=len(migrate.migrations()), disks=disks(settings))
    if settings.database_url is None and not Cluster(settings.data_dir.absolute() / "postgres").exists():
        found.needs("There is no store here yet. Run provtap init.")
        return found
    with _told(found), open_database(settings, patient=False) as database:
        if settings.database_url is not None:
            found.database = str(database.login)
        found.hosts = read_hosts(database, settings)
        _judge_hosts(found)
        _look_at_set_up(found, database, settings, tableset)
        if found.missing == []:
            found.state = state(database, settings)
            _judge_jobs(found, found.state)
    _judge_disks(found, settings)
    return found


def _place(settings: Settings) -> str:
    return f"embedded in {settings.data_dir.absolute()}" if settings.database_url is None else ""


@contextmanager
def _told(found: Status) -> Iterator[None]:
    """Turn an error in the block into a problem."""
    try:
        yield
    except ProvtapError as error:
        found.needs(error.for_operator())


def _look_at_set_up(found: Status, database: Database, settings: Settings, tableset: Tableset) -> None:
    """Check roles, migrations, limits and published metadata, each of which needs the ones before."""
    if roles := install.missing_roles(database, settings):
        found.needs(
            "Roles or their rights are missing. Run provtap init, or let a superuser run this and then"
            " provtap init:",
            *roles,
        )
        return
    with database.transaction() as transaction:
        missing = migrate.pending(transaction, migrate.migrations())
    found.missing = [each.file_name for each in missing]
    if len(missing) == found.migrations:
        found.needs("The database is not set up. Run provtap init.")
    elif missing:
        found.needs(f"The database lacks {', '.join(found.missing)}. Run provtap init.")
    else:
        if shortcoming := install.shortcoming(database, tableset):
            found.needs(f"{shortcoming} Run provtap init.")
        _look_at_limits(found, database, settings)


def _look_at_limits(found: Status, database: Database, settings: Settings) -> None:
    if left := install.left_to_superuser(database, settings):
        found.needs(install.STILL_TO_RUN, *left)
    if note := install.memory_advice(database, settings):
        found.notes.append(note)
    if statement := missing_scratch(database):
        found.notes.append(f"{install.WITHOUT_SCRATCH} {statement}")
    with database.transaction() as transaction:
        if transaction.one(SQL["mention_gap"]) is not None:
            found.notes.append("For answers as of a date, provtap reingest must run once.")
    try:
        with database.reading(PATIENCE) as transaction:
            transaction.rows("SELECT sha256 FROM tap_schema.digest")
    except ProvtapError as error:
        found.needs(f"Users' queries cannot be run: {error.for_operator()}")


def _judge_hosts(found: Status) -> None:
    for host in found.hosts:
        if host.standby is None and len(found.hosts) > 1:  # for a single one, a query gives the reason
            found.needs(f"The database server {host.name} does not answer.")


def _judge_jobs(found: Status, now: State) -> None:
    waiting = now.queue.jobs.get(Phase.QUEUED, 0)
    closed = now.maintenance is not None and now.maintenance.is_on()
    if waiting and not now.queue.workers and not closed:
        found.needs(
            f"No worker is alive, and {waiting} {'job waits' if waiting == 1 else 'jobs wait'}."
            " Start provtap serve or provtap worker."
        )


def _judge_disks(found: Status, settings: Settings) -> None:
    reserves = {
        "results": (settings.result_reserve_bytes, "jobs fail", "PROVTAP_RESULT_RESERVE_BYTES"),
        "spool": (
            settings.spool_reserve_bytes,
            "slow readers hold connections",
            "PROVTAP_SPOOL_RESERVE_BYTES",
        ),
    }
    for disk in found.disks:
        reserve, consequence, setting = reserves.get(disk.use, (0, "", ""))
        if disk.free < reserve:
            found.needs(
                f"The disk of {disk.path} has {disk.free} bytes free; below {reserve} bytes {consequence}"
                f" ({setting})."
            )
