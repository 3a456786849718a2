"""ProvClient against a live service: one document for each run, stored once despite failures."""

import logging
import socket
import subprocess
import sys
import threading
import uuid
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from provtap import ProvClient
from provtap.client.delivery import ProvError, ProvUnavailable
from provtap.operation.accounts import create
from provtap.operation.maintenance import announce, end
from tests.api.test_documents import log as ctapipe_log
from tests.live import awaited, free_port, live_server


@pytest.fixture
def name():
    return f"urn:test:{uuid.uuid4()}"


@pytest.fixture
def prov(live, token, tmp_path):
    return ProvClient(live.url, token, spool=tmp_path / "spool", patience=5)


@pytest.fixture
def away(token, tmp_path):
    """A client whose service can't be reached."""
    return ProvClient(f"http://127.0.0.1:{free_port()}", token, spool=tmp_path / "spool", patience=0.1)


def letters(tmp_path, ending="json"):
    return sorted((tmp_path / "spool").rglob(f"*.{ending}"))


# One document


def test_a_block_is_sent_as_one_document(prov, count, name):
    """The issue, part 4: a context manager that collects a run."""
    with prov:
        activity = prov.add_activity(name, name="calibrate", start_time=datetime(2026, 1, 1))
        prov.add_used(activity, f"{name}:raw", role="raw")
        assert count("provenance.activity", f"a_id = '{name}'") == 0

    assert count("provenance.used", f"u_activity_id = '{name}'") == 1
    assert count("provext.ingestion", "in_source = '/api/v1/records'") > 0


def test_a_block_that_fails_sends_nothing(prov, count, name):
    with pytest.raises(KeyError), prov:
        prov.add_activity(name)
        raise KeyError

    assert count("provenance.activity", f"a_id = '{name}'") == 0


def test_sent_records_are_not_sent_again(prov, name):
    prov.add_entity(name)

    assert prov.send().new == 1
    assert prov.send() is None


def test_rejected_records_remain_collected(prov, count, name):
    """A mistake can be mended: the sentence and the pointer are the service's."""
    prov.add_entity(name)
    prov.add_agent(f"{name}:a", "Maria", type="Persn")
    with pytest.raises(ProvError, match="Did you mean Person") as refused:
        prov.send()

    assert (refused.value.status, refused.value.pointer) == (400, "/Agent/0/type")
    assert prov._records["Entity"] == [{"id": name}]
    assert count("provenance.entity", f"e_id = '{name}'") == 0


@pytest.mark.parametrize(
    "told, stored",
    [
        (datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T10:00:00"),
        (datetime(2026, 1, 1, 12), "2026-01-01T12:00:00"),
        ("2026-01-01T12:00:00Z", "2026-01-01T12:00:00"),
    ],
)
def test_times_are_utc(prov, name, told, stored):
    prov.add_activity(name, start_time=told)
    prov.send()

    assert prov.find("activities", id=name)[0]["startTime"] == stored


@pytest.mark.parametrize(
    "value, stored",
    [
        ("é", "é"),
        (2, "2"),
        (0, "0"),
        (False, "false"),
        ("", ""),
        (float("nan"), "nan"),
        (1j, "1j"),
        ([1], "[1]"),
    ],
)
def test_any_value_is_kept(prov, name, value, stored):
    """b4-2, b4-12: falsy values and whatever else Python has."""
    prov.add_parameter("x", value, name)
    prov.send()

    assert prov.find("parameters", activity=name)[0]["value"] == stored


def test_a_whole_document_is_sent(prov, tmp_path, count):
    path = tmp_path / "x.log"
    path.write_bytes(ctapipe_log("from-client"))

    assert prov.send_document(path).format == "ctapipe"
    assert count("provext.ingestion", f"in_source = '{path}'") == 1


def test_a_graph_is_read(prov, name):
    prov.add_was_generated_by(f"{name}:e", name)
    prov.send()

    assert "wasGeneratedBy" in prov.graph(f"{name}:e")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "prov.example.org"])
def test_only_http_is_an_address(url):
    with pytest.raises(ValueError, match="must be an http or https URL"):
        ProvClient(url)


def test_nothing_is_sent_without_a_token(live, tmp_path, name):
    anonymous = ProvClient(live.url, spool=tmp_path / "spool")
    anonymous.add_entity(name)

    with pytest.raises(ProvError, match="needs an account"):
        anonymous.send()
    assert letters(tmp_path) == []


# The service is unavailable


def test_unsent_documents_are_saved_on_disk(away, tmp_path, name, caplog, token):
    """The issue, part 4: the spool; only its owner can read it, and no token is in it."""
    away.add_entity(name)

    assert away.send() is None
    [kept] = letters(tmp_path)
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert token not in kept.read_text()
    assert f"was saved in {kept}" in caplog.text


def test_the_spool_is_sent_at_the_next_use(settings, tmp_path, token, count, name):
    """Documents arrive in their order, once the service is there."""
    from dataclasses import replace

    settings = replace(settings, access_log=None)
    with live_server(settings, tmp_path / "first.log", "--no-worker") as server:
        prov = ProvClient(server.url, token, spool=tmp_path / "spool", patience=0.1)
    prov.add_entity(f"{name}:1")
    prov.send()
    assert len(letters(tmp_path)) == 1

    with _same_port(settings, server.port, tmp_path / "second.log"):
        prov.add_entity(f"{name}:2")
        assert prov.send().new == 1

    assert letters(tmp_path) == []
    assert count("provenance.entity", f"e_id LIKE '{name}:%'") == 2


def _same_port(settings, port, log):
    """Run a server where another one was."""
    from contextlib import contextmanager

    from tests import live

    @contextmanager
    def running():
        chosen, live.free_port = live.free_port, lambda: port
        try:
            with live_server(settings, log, "--no-worker") as server:
                yield server
        finally:
            live.free_port = chosen

    return running()


def test_flush_sends_the_saved_documents(prov, tmp_path, name, count):
    prov.add_entity(name)
    prov.keep()

    assert [report.new for report in prov.flush()] == [1]
    assert (letters(tmp_path), prov.flush()) == ([], [])


def test_a_spool_is_for_one_service(away, prov, tmp_path, name, count):
    """Documents for one service are not sent to another."""
    away.add_entity(name)
    away.send()

    assert prov.flush() == []
    assert count("provenance.entity", f"e_id = '{name}'") == 0


def test_flush_reports_that_the_service_is_still_unavailable(away, name, tmp_path):
    away.add_entity(name)
    away.send()

    with pytest.raises(ProvUnavailable, match="cannot be reached"):
        away.flush()
    assert len(letters(tmp_path)) == 1


def test_a_document_rejected_later_is_set_aside(prov, tmp_path, name, caplog):
    """It would block all that comes after it."""
    prov.add_entity("")
    prov.keep()
    prov.add_entity(name)

    assert prov.send().new == 1
    assert (letters(tmp_path), len(letters(tmp_path, "refused"))) == ([], 1)
    assert "/Entity/0/id is empty" in caplog.text


def test_a_wrong_token_sets_nothing_aside(live, tmp_path, name):
    """It says nothing of the document."""
    wrong = ProvClient(live.url, "wrong", spool=tmp_path / "spool")
    wrong.add_entity(name)
    wrong.keep()

    with pytest.raises(ProvError, match="wrong"):
        wrong.flush()
    assert len(letters(tmp_path)) == 1


@pytest.fixture
def homeless(monkeypatch, tmp_path):
    """A process whose user has neither HOME nor an entry in the list of users, as in many containers."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    monkeypatch.chdir(tmp_path)


def test_recording_needs_no_home_directory(homeless, live, token, name, tmp_path, caplog):
    """What can't be sent waits in the current directory."""
    with ProvClient(live.url, token) as prov:
        prov.add_entity(name)
    away = ProvClient(f"http://127.0.0.1:{free_port()}", token, patience=0.1)
    away.add_entity(name)

    assert away.send() is None
    assert prov.find("entities", id=name)
    assert "was saved in .provtap-spool/" in caplog.text
    assert len(list((tmp_path / ".provtap-spool").rglob("*.json"))) == 1


def test_an_unusable_spool_is_a_warning(token, name, tmp_path, caplog):
    """The pipeline continues, and its records are still collected."""
    (tmp_path / "spool").write_text("no directory")
    away = ProvClient(f"http://127.0.0.1:{free_port()}", token, spool=tmp_path / "spool", patience=0.1)
    away.add_entity(name)

    assert away.send() is None
    assert away.send_document(b"x") is None
    assert "cannot be saved on disk" in caplog.text
    assert away._records["Entity"] == [{"id": name}]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"path": "records", "key": "x"}'])
def test_a_damaged_document_in_the_spool_is_a_warning(prov, tmp_path, name, caplog, content):
    """It is set aside, and later documents are sent."""
    prov.add_entity(name)
    prov.keep().with_name("0.json").write_text(content)

    assert [report.new for report in prov.flush()] == [1]
    assert (letters(tmp_path), len(letters(tmp_path, "refused"))) == ([], 1)
    assert "is damaged" in caplog.text


def test_a_removed_directory_does_not_stop_recording(prov, name, tmp_path, monkeypatch):
    """A relative path can't be made absolute there, and stays as it is."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    prov.add_used(name, location=Path("raw.fits"))

    assert prov._records["Used"][0]["location"] == "raw.fits"


def test_the_client_waits_for_retry_after(prov, database, tmp_path, name):
    """Retry-After of a maintenance is longer than the patience: the document waits on disk."""
    announce(database, "New disks", None, None)
    try:
        assert awaited(lambda: closed(prov))
        prov.add_entity(name)
        sent = prov.send()
    finally:
        end(database)

    assert (sent, len(letters(tmp_path))) == (None, 1)
    assert awaited(lambda: not closed(prov))


def closed(prov):
    """Return whether all processes refuse, which look once a second."""
    answers = set()
    for _ in range(30):
        try:
            prov.find("agents", limit=1)
            answers.add(False)
        except ProvUnavailable:
            answers.add(True)
    return answers == {True}


# Answers are lost


class Cutter:
    """A way to a service that loses the first answers."""

    def __init__(self, port, lose):
        self._port, self._lose = port, lose
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self._port)) as service:
                client.settimeout(0.5)
                request = b""
                try:
                    while piece := client.recv(65_536):
                        request += piece
                except TimeoutError:
                    service.sendall(request)
                answer = b""
                while piece := service.recv(65_536):
                    answer += piece
                if self._lose > 0:
                    self._lose -= 1
                else:
                    client.sendall(answer)


@pytest.fixture
def cutter(live):
    made = Cutter(live.port, lose=2)
    yield made
    made.close()


def test_a_lost_answer_doubles_nothing(cutter, token, tmp_path, count, name):
    """The key is the same each time, so the third answer is the first one's."""
    prov = ProvClient(cutter.url, token, source=name, spool=tmp_path / "spool", patience=30)
    prov.add_used(name, f"{name}:e")
    report = prov.send()

    assert (report.known, report.new) == (False, 3)
    assert count("provext.ingestion", f"in_source = '{name}'") == 1


def test_a_wait_ends_when_the_service_is_there(settings, tmp_path, token, name):
    """Tried again while a service starts."""
    from dataclasses import replace

    port = free_port()
    prov = ProvClient(f"http://127.0.0.1:{port}", token, spool=tmp_path / "spool", patience=120)
    prov.add_entity(name)
    sent = []
    sender = threading.Thread(target=lambda: sent.append(prov.send()))
    sender.start()
    with _same_port(replace(settings, access_log=None), port, tmp_path / "serve.log"):
        sender.join(100)

    assert [report.new for report in sent] == [1]


# The recorder


@pytest.fixture
def activity(prov):
    from functools import partial

    import provtap

    return partial(provtap.activity, client=prov)


def recorded(prov, run):
    [told] = prov.find("activities", id=run.id)
    [how] = prov.find("runs", activity=run.id)
    return told, how


def test_a_block_of_code_is_recorded(activity, prov, name, tmp_path):
    """A dozen lines for a pipeline that has nothing yet."""
    before = datetime.now(UTC).replace(tzinfo=None)
    parameters = {"gain": 2, "dark": None}
    with activity("calibrate", version="1.0", parameters=parameters, environment=False) as run:
        run.used(tmp_path / "raw.fits", role="raw")
        run.generated("https://example.org/x.fits", role="image")
        run.generated(entity=name, role="log")
    told, how = recorded(prov, run)

    assert told["name"] == "calibrate"
    assert before <= datetime.fromisoformat(told["startTime"]) <= datetime.fromisoformat(told["endTime"])
    assert (how["status"], how["exitCode"], how["host"]) == ("completed", 0, socket.gethostname())
    assert {p["name"]: p["value"] for p in prov.find("parameters", activity=run.id)} == {
        "gain": "2",
        "dark": "null",
    }
    roles = {made["role"]: made["entity"] for made in prov.find("wasGeneratedBy", activity=run.id)}
    assert roles["log"] == name
    assert prov.find("entities", id=roles["image"])[0]["location"] == "https://example.org/x.fits"
    [operator] = prov.find("wasAssociatedWith", activity=run.id)
    assert operator["role"] == "Operator"
    assert prov.get_activity_description_key("calibrate", "1.0") == told["activityDescription"]


@pytest.mark.parametrize(
    "error, status, exit_code",
    [
        (ValueError("x"), "error", 1),
        (KeyboardInterrupt(), "interrupted", 130),
        (SystemExit(3), "error", 3),
        (SystemExit(), "completed", 0),
        (SystemExit("sentence"), "error", 1),
    ],
)
def test_a_block_that_fails_is_recorded_as_such(activity, prov, error, status, exit_code):
    """The exit status is that of the process; the error goes on."""
    with pytest.raises(type(error)), activity("x") as run:
        raise error

    how = recorded(prov, run)[1]
    assert (how["status"], how["exitCode"]) == (status, exit_code)


def test_runs_are_joined_by_their_files(activity, prov, tmp_path):
    """D-4: the file is known by its path, and the time."""
    path = tmp_path / "shared.fits"
    with activity("first") as first:
        first.generated(path)
    with activity("second") as second:
        second.used(Path("shared.fits").absolute().parent / path)

    [used], [made] = (
        prov.find("used", activity=second.id),
        prov.find("wasGeneratedBy", activity=first.id),
    )
    assert used["entity"] == made["entity"]


def test_a_block_within_a_block_is_a_step(activity, prov):
    """ProvenanceDM has only wasInformedBy for workflows."""
    with activity("whole") as whole:
        whole.used("/data/in")
        with activity("step") as step:
            step.generated("/data/out")

    assert prov.find("wasInformedBy", informed=step.id) == [{"informed": step.id, "informant": whole.id}]
    assert len(prov.find("used", activity=whole.id)) == 1


def test_trouble_with_the_record_never_stops_the_pipeline(live, tmp_path, caplog):
    """A wrong token, a wrong word: logged, and kept."""
    import provtap

    wrong = ProvClient(live.url, "wrong", spool=tmp_path / "spool")
    with caplog.at_level(logging.WARNING), provtap.activity("x", client=wrong):
        pass
    with provtap.activity("x" * 2_000, client=ProvClient(live.url, None, spool=tmp_path / "spool")):
        pass

    assert len(letters(tmp_path)) == 2
    assert "could not be recorded: The account name or the token is wrong" in caplog.text


def test_a_record_that_is_refused_is_set_aside(activity, tmp_path, caplog):
    with activity("x" * 2_000):
        pass

    assert (letters(tmp_path), len(letters(tmp_path, "refused"))) == ([], 1)
    assert "the limit is 1000" in caplog.text


def test_a_token_without_the_scope_write_is_reported(database, live, tmp_path, name):
    reader = ProvClient(live.url, create(database, "reader", ["read"]), spool=tmp_path / "spool")
    reader.add_entity(name)

    with pytest.raises(ProvError, match="the scope write"):
        reader.send()
    assert isinstance(reader.get_agents(), list)


def test_importing_provtap_is_light():
    """A pipeline that only records needs neither the server nor a database."""
    code = (
        "import sys, provtap; assert 'provtap.client' not in sys.modules;"
        "provtap.ProvClient, provtap.activity;"
        "print([m for m in ('flask', 'psycopg2', 'lxml', 'astropy', 'provtap.config') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
