"""A step read the file that was at the path at that time: pipelines use the same paths every night."""

import asyncio
import hashlib
import json
import platform
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

import provtap
from provtap import ProvClient
from provtap.client.delivery import ProvError
from tests.ingest.logs import rows


@pytest.fixture
def prov(live, token, tmp_path):
    return ProvClient(live.url, token, spool=tmp_path / "spool", site=str(tmp_path))


@pytest.fixture
def activity(prov):
    return partial(provtap.activity, client=prov)


@pytest.fixture
def made(prov):
    """Return what a run made, by its role; read again at each call."""
    return lambda run, role=None: _entity(prov.find("wasGeneratedBy", activity=run.id), role)


@pytest.fixture
def read(prov):
    return lambda run, role=None: _entity(prov.find("used", activity=run.id), role)


def _entity(found, role):
    [entity] = [each["entity"] for each in found if each.get("role") == role]
    return entity


def test_a_step_reads_a_file_written_by_its_parent(activity, read, made, tmp_path):
    """Not the file of last night, though the whole ends after the step."""
    path = tmp_path / "catalogue.vot"
    for night in (1, 2):
        with activity("reduce") as whole:
            path.write_text(f"night {night}")
            whole.generated(path)
            with activity("validate") as step:
                step.used(path)

        assert read(step) == made(whole)


def test_a_parent_reads_a_file_written_by_its_step(activity, read, made, tmp_path):
    path = tmp_path / "calibrated.fits"
    for _ in range(2):
        with activity("night") as whole:
            with activity("calibrate") as step:
                step.generated(path)
            whole.used(path)

        assert read(whole) == made(step)


def test_a_parent_reads_the_old_file_before_its_step_overwrites_it(activity, read, made, tmp_path):
    path = tmp_path / "model.h5"
    with activity("last night") as last:
        last.generated(path)
    with activity("night") as whole:
        whole.used(path)
        with activity("train") as step:
            step.used(path)
            step.generated(path)
        with activity("apply") as further:
            further.used(path)

    assert read(whole) == read(step) == made(last)
    assert read(further) == made(step)


def test_a_file_changed_in_place_is_read_before_and_written_after(activity, read, made, tmp_path):
    path = tmp_path / "table.csv"
    with activity("first") as first:
        first.generated(path)
    with activity("second") as second:
        second.used(path)
        second.generated(path)
    with activity("third") as third:
        third.used(path)

    assert (read(second), read(third)) == (made(first), made(second))


def test_a_run_may_read_its_own_file(activity, read, made, tmp_path):
    path = tmp_path / "cache.bin"
    with activity("last night") as last:
        last.generated(path)
    with activity("night") as run:
        run.generated(path)
        run.used(path)

    assert read(run) == made(run) != made(last)


def test_a_file_recorded_twice_is_one_entity(activity, read, made, tmp_path):
    with activity("night") as run:
        run.generated(tmp_path / "log.txt")
        with activity("step") as step:
            step.used(tmp_path / "log.txt")
        run.generated(tmp_path / "log.txt")

    assert read(step) == made(run)


def test_files_are_generated_within_their_runs(activity, prov, made, tmp_path):
    with activity("night") as run:
        run.generated(tmp_path / "x")
        with activity("step"):
            pass

    [told], [entity] = prov.find("activities", id=run.id), prov.find("entities", id=made(run))
    assert told["startTime"] <= entity["generatedAtTime"] < told["endTime"]


def test_steps_in_threads_read_the_current_files(activity, prov, read, made, tmp_path):
    """All records of one run from several threads are kept."""
    path = tmp_path / "shared.fits"

    def step(number):
        with activity(f"step {number}") as run:
            run.used(path)
            run.generated(tmp_path / f"{number}.fits")
        return run

    for _ in range(2):
        with activity("night") as whole:
            whole.generated(path)
            with ThreadPoolExecutor(4) as threads:
                runs = list(threads.map(step, range(8)))
                list(threads.map(lambda n: whole.parameter(f"p{n}", n), range(50)))

        assert {read(run) for run in runs} == {made(whole)}
        told = prov.find("parameters", activity=whole.id)
        assert {f"p{n}" for n in range(50)} <= {each["name"] for each in told}


def test_steps_of_coroutines_read_the_current_files(activity, prov, read, made, tmp_path):
    path = tmp_path / "shared.fits"

    async def step(number):
        with activity(f"step {number}") as run:
            await asyncio.sleep(0)
            run.used(path)
            await asyncio.sleep(0)
        return run

    async def night():
        with activity("night") as whole:
            whole.generated(path)
            return whole, await asyncio.gather(*map(step, range(4)))

    for _ in range(2):
        whole, runs = asyncio.run(night())
        assert {read(run) for run in runs} == {made(whole)}
        informants = [prov.find("wasInformedBy", informed=run.id) for run in runs]
        assert [told[0]["informant"] for told in informants] == [whole.id] * 4


def test_a_time_needs_a_place(prov):
    """The time of an entity that has an id is one of its own attributes."""
    prov.add_was_generated_by("urn:x:e", "urn:x:a", time="2026-01-01T00:00:00")

    with pytest.raises(ProvError, match="needs a location") as refused:
        prov.send()
    assert refused.value.pointer == "/WasGeneratedBy/0/time"


def test_several_files_at_once(activity, prov, tmp_path):
    with activity("stack") as run:
        run.used([tmp_path / "a", str(tmp_path / "b")], role="raw")
        run.used((tmp_path / name for name in "cd"), role="raw")
        run.generated([tmp_path / "e", tmp_path / "f", tmp_path / "e"], role="image")

    assert len(prov.find("used", activity=run.id)) == 4
    assert len(prov.find("wasGeneratedBy", activity=run.id)) == 2


@pytest.mark.parametrize("wrong", [5, [None, object()], [b"bytes"]])
def test_a_value_that_is_not_a_file_never_stops_the_pipeline(activity, prov, wrong, caplog):
    with activity("careless") as run:
        run.used(wrong)
        run.generated(wrong)

    assert "A file could not be recorded" in caplog.text
    assert [each["name"] for each in prov.find("activities", id=run.id)] == ["careless"]


def _hashes(database, path):
    found = f"""SELECT h_algorithm, h_digest, h_size::int FROM provext.hash
                  JOIN provenance.entity ON e_id = h_entity_id WHERE e_location = '{path}' ORDER BY 1"""
    return rows(database, found)


def _digests(content):
    return [
        (name, hashlib.new(name, content).hexdigest(), len(content)) for name in ("sha1", "sha256") if content
    ]


def test_files_have_checksums(activity, database, tmp_path):
    """As in `provtap run`, to join copies; a location without a file has none."""
    raw, image = tmp_path / "raw.fits", tmp_path / "image.fits"
    raw.write_bytes(b"raw")
    with activity("calibrate") as run:
        run.used([raw, tmp_path / "missing", tmp_path, "https://example.org/x.fits"])
        image.write_bytes(b"image")
        run.generated(image)

    assert _hashes(database, raw) == _digests(b"raw")
    assert _hashes(database, image) == _digests(b"image")
    assert _hashes(database, tmp_path / "missing") == _hashes(database, tmp_path) == []


def test_checksums_and_environment_can_be_left_out(activity, prov, database, tmp_path):
    path = tmp_path / "raw.fits"
    path.write_bytes(b"raw")
    with activity("calibrate", checksums=False, environment=False) as run:
        run.used(path)

    assert _hashes(database, path) == []
    assert prov.find("parameters", activity=run.id) == []


def test_command_line_and_versions_are_recorded(activity, prov):
    """As parameters; a parameter of the block takes precedence."""
    with activity("calibrate", parameters={"working_directory": "mine"}) as run:
        pass
    told = {each["name"]: each["value"] for each in prov.find("parameters", activity=run.id)}

    assert told["command_line"] == shlex.join(sys.orig_argv)
    assert told["working_directory"] == "mine"
    versions = json.loads(told["versions"])
    assert versions["python"] == platform.python_version()
    assert versions["pytest"] == pytest.__version__


def test_checksums_of_entities_with_an_id(prov, database, tmp_path):
    """The size may be beyond 2 GB."""
    id, large = f"urn:x:{tmp_path}", 5 * 2**30
    prov.add_activity(f"{id}:run", start_time="2026-01-01", end_time="2026-01-02")
    prov.add_was_generated_by(id, f"{id}:run", checksums=["MD5:0CC175B9C0F1B6A831C399E269772661"], size=large)
    prov.send()

    found = rows(
        database, f"SELECT h_algorithm, h_digest, h_size FROM provext.hash WHERE h_entity_id = '{id}'"
    )
    assert found == [("md5", "0cc175b9c0f1b6a831c399e269772661", large)]


@pytest.mark.parametrize("checksum", ["0cc175b9", "md5:", "md5:xyz", ":0cc175b9"])
def test_an_invalid_checksum_is_refused(prov, checksum):
    prov.add_used("urn:x:a", "urn:x:e", checksums=["md5:0cc175b9", checksum])

    with pytest.raises(ProvError, match="hexadecimal digits") as refused:
        prov.send()
    assert refused.value.pointer == "/Used/0/checksums/1"
