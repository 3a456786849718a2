import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from provtap.ingest.model.records import (
    Activity,
    ConfigFile,
    Entity,
    Environment,
    External,
    Location,
    Parameter,
    Rank,
    Reading,
    Run,
    WasAssociatedWith,
    WasAttributedTo,
    WasGeneratedBy,
    WasInformedBy,
    Writing,
)
from provtap.ingest.readers.ctapipe.log import read
from tests.ingest.logs import SAMPLES, VERSIONS, activity_id, file, header, product_id, run


def records(kind, *runs, site="site"):
    record_sets = read(json.dumps(runs).encode(), site)
    return [record for record_set in record_sets for record in record_set.records if type(record) is kind]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_logs_of_all_releases_are_read(path):
    """The keys of 0.5 to 0.31 differ, but their records of a scenario are equal (INGEST-a1)."""
    record_sets = list(read(path.read_bytes(), "site"))

    kinds = Counter(type(record) for record_set in record_sets for record in record_set.records)
    assert [kinds[kind] for kind in (Activity, Run, External, Writing, Reading)] == [4, 4, 4, 2, 12]
    informed = [r for a in record_sets for r in a.records if isinstance(r, WasInformedBy)]
    assert [(r.informed_id, r.informant_id) for r in informed] == [
        (record_sets[0].activity_id, record_sets[1].activity_id)
    ]


def test_paths_alone_were_inputs_once():
    """Ctapipe 0.5 wrote plain strings, without role (INGEST-a1)."""
    reading, *_ = records(Reading, run(1, input=["/a"]))

    assert (reading.url, reading.role) == ("/a", None)


def test_a_repeated_activity_is_recorded_once():
    """A process dumps all that it has finished, at each writing (INGEST-a1)."""
    path = next(path for path in SAMPLES if "two_tools" in path.name)
    record_sets = list(read(path.read_bytes(), "site"))

    assert len(record_sets) == 3
    assert [len(record_set.records) > 0 for record_set in record_sets] == [True, False, True]


def test_failed_run_without_configuration_is_read():
    """7 of 11 runs that did not complete have no config (INGEST-a1)."""
    [told] = records(Run, run(1, status="error", exit_code=1, start=1, end=3))

    assert (told.status, told.exit_code, told.host, told.duration) == ("error", 1, "host", 2.0)


def test_status_and_exit_code_are_generated_values():
    """Each run generates ValueEntities with role status and exit_code (INGEST-a2)."""
    values = {e.id: e.value for e in records(Entity, run(1, exit_code=0)) if e.class_ == "ValueEntity"}

    assert values[f"{activity_id(1)}#status"] == "completed"
    assert values[f"{activity_id(1)}#exit_code"] == "0"


def test_exit_code_is_not_invented():
    """exit_code came with 0.22 (INGEST-a1)."""
    roles = {record.role for record in records(WasGeneratedBy, run(1))}

    assert roles == {"status"}


def test_configuration_leaves_are_parameters():
    """config.* leaves are parameters by dotted name, JSON text for non-strings (INGEST-a2, d6)."""
    config = {
        "Tool": {"n": 1, "f": 5.0, "s": "x", "none": None, "e": {}, "l": [["type", "*", 8.0]], "b": True},
        "Cut": {"max": float("inf")},
    }
    told = {p.name: p.value for p in records(Parameter, run(1, config=config))}

    assert told == {
        "Tool.n": "1",
        "Tool.f": "5.0",
        "Tool.s": "x",
        "Tool.none": "null",
        "Tool.e": "{}",
        "Tool.l": '[["type", "*", 8.0]]',
        "Tool.b": "true",
        "Cut.max": "Infinity",
    }


def test_command_line_is_a_parameter():
    """system.arguments is kept so that the run can be repeated (INGEST-a2)."""
    [told] = records(Parameter, run(1, system={"arguments": ["tool", "a file"]}))

    assert (told.id, told.name, told.value) == (
        f"{activity_id(1)}/command_line",
        "command_line",
        "tool 'a file'",
    )


def test_a_repeated_parameter_name_warns():
    """A dot in a key can make two leaves of one name."""
    [record_set] = read(json.dumps([run(1, config={"a.b": 1, "a": {"b": 2}})]).encode(), "site")

    assert [r.value for r in record_set.records if isinstance(r, Parameter)] == ["1"]
    assert "a.b twice" in record_set.warnings[0]


def test_tool_configuration_is_a_config_file_and_used():
    """An input with role Tool Configuration is ConfigFile and Used (INGEST-a2)."""
    step = run(1, input=[file("/c/conf.yaml", "Tool Configuration")])
    [config] = records(ConfigFile, step)

    assert (config.name, config.location) == ("conf.yaml", "/c/conf.yaml")
    assert "Tool Configuration" in {reading.role for reading in records(Reading, step)}


def test_header_names_the_product_and_its_producer():
    """CTA PRODUCT ID and CTA ACTIVITY ID of an input make a stub of the producer (INGEST-a2)."""
    step = run(2, input=[file("/p", header=header(7, activity=1, created=5))])

    assert product_id(7) in {reading.entity_id for reading in records(Reading, step)}
    stub = next(a for a in records(Activity, step) if a.id == activity_id(1))
    assert (stub.rank, stub.name, stub.end_time) == (Rank.HEADER, "tool-1", datetime(2026, 1, 1, 0, 0, 5))
    assert (product_id(7), activity_id(1)) in {
        (g.entity_id, g.activity_id) for g in records(WasGeneratedBy, step)
    }


def test_a_made_up_header_is_ignored():
    """Without activity id the product id is random, another one at each reading (INGEST-c5)."""
    made_up = header(7, activity=1) | {"CTA ACTIVITY ID": ""}
    step = run(1, output=[file("/p", header=made_up)])

    assert records(Writing, step)[0].entity_id != product_id(7)
    assert records(WasAttributedTo, step) == []


def test_header_of_an_output_does_not_name_another_producer():
    """A copied header keeps the activity id of the original (INGEST-c5, merge_incompatible)."""
    step = run(2, output=[file("/p", header=header(7, activity=1))])

    assert [a.id for a in records(Activity, step)] == [activity_id(2)]


def test_a_path_with_and_without_header_is_one_product():
    """Within one run, a path without id that also comes with one is that product (INGEST-d4)."""
    step = run(2, input=[file("/p"), file("/p", header=header(7, activity=1))])

    assert records(External, step) == []
    assert {r.entity_id for r in records(Reading, step) if r.role == "data"} == {product_id(7)}


def test_creation_time_is_the_time_of_generation():
    """CTA PRODUCT CREATION TIME is generatedAtTime, else the end of the run (INGEST-a2)."""
    step = run(1, end=9, output=[file("/p", header=header(7, activity=1, created=5)), file("/q")])
    times = {e.name: e.generated_at_time.second for e in records(Entity, step) if e.location}

    assert times == {"p": 5, "q": 9}


def test_operator_is_the_user_else_the_contact():
    """USER is associated as Operator, else the contact of the outputs (INGEST-a2)."""
    output = [file("/p", header=header(7, activity=1) | {"CTA CONTACT EMAIL": "Op@example.org"})]
    system = {"environment": {"USER": "jane"}}

    [by_contact] = records(WasAssociatedWith, run(1, output=output))
    [by_user] = records(WasAssociatedWith, run(1, output=output, system=system), site="here")
    assert (by_contact.agent_id, by_contact.role) == ("urn:x-provtap:contact:op%40example.org", "Operator")
    assert by_user.agent_id == "urn:x-provtap:user:here:jane"


def test_contact_is_the_creator_of_the_product():
    """CTA CONTACT makes an agent, WasAttributedTo Creator (INGEST-a2)."""
    step = run(1, output=[file("/p", header=header(7, activity=1) | {"CTA CONTACT NAME": "Jane"})])
    [told] = records(WasAttributedTo, step)

    assert (told.entity_id, told.role) == (product_id(7), "Creator")


def test_the_private_part_of_the_system_is_not_published():
    """Variables, host, boot and start time and arguments are no part of the environment (INGEST-a1)."""
    system = {
        "ctapipe_version": "0.28.0",
        "arguments": ["tool"],
        "start_time_utc": "2026-01-01T00:00:00",
        "environment": {"HOME": "/home/jane", "USER": "jane"},
        "platform": {
            "node": "host",
            "boot_time": "2026-01-01T00:00:00",
            "system": "Linux",
            "machine": "x86_64",
        },
        "python": {"version": ["3", "11", "7"], "implementation": "CPython", "packages": [{"name": "numpy"}]},
    }
    [told] = records(Environment, run(1, system=system))
    [entity] = [e for e in records(Entity, run(1, system=system)) if e.id == told.entity_id]

    assert set(told.content) == {"ctapipe_version", "platform", "python"}
    assert told.content["platform"] == {"system": "Linux", "machine": "x86_64"}
    assert entity.comment == "ctapipe 0.28.0, Python 3.11.7 (CPython), Linux x86_64, 1 packages"


def test_environment_is_one_for_all_its_runs():
    """The environment is stored once by hash, not in every activity (INGEST-d12)."""
    one, other = records(Environment, run(1), run(2, system=run(1)["system"] | {"arguments": ["x"]}))

    assert one.entity_id == other.entity_id


def test_nesting_names_the_direct_whole_only():
    """wasInformedBy(inner, outer) when intervals nest in one array (INGEST-a2)."""
    steps = [run(1, 3, 4), run(2, 2, 5), run(3, 6, 7), run(4, 1, 9), run(5, 9, 12)]
    pairs = {(r.informed_id, r.informant_id) for r in records(WasInformedBy, *steps)}

    expected = {(1, 2), (2, 4), (3, 4)}
    assert pairs == {(activity_id(inner), activity_id(outer)) for inner, outer in expected}


def test_neighbours_in_time_are_not_nested():
    """A part is written before its whole: successive runs that touch are no parts of each other."""
    assert records(WasInformedBy, run(1, 1, 2), run(2, 2, 3)) == []
    assert records(WasInformedBy, run(1, 1, 5), run(2, 5, 5)) == []


def test_runs_of_two_processes_are_not_nested():
    """One array is one process: what others append to the same file has nothing to do with it (INGEST-a1)."""
    text = json.dumps([run(1, 2, 3)]) + json.dumps([run(2, 1, 4)])
    record_sets = list(read(text.encode(), "site"))

    assert not any(isinstance(r, WasInformedBy) for a in record_sets for r in a.records)


def test_location_has_the_site():
    """Equal paths of two sites are two files (INGEST-d2)."""
    [here] = records(Location, run(1, output=[file("/p")]), site="here")

    assert (here.url, here.storage) == ("/p", "here")


def test_real_example_of_ctapipe_reads():
    """Status may be the name of the activity, roles may be null (INGEST-a1)."""
    record_sets = list(read(Path("tests/data/nested_example.provenance.json").read_bytes(), "site"))

    assert [next(r.status for r in a.records if isinstance(r, Run)) for a in record_sets] == [
        "sub",
        "sub2",
        "completed",
    ]


def test_records_may_stand_by_themselves(take, tmp_path):
    """Programs that hand on records of a log write them one a line."""
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(json.dumps(run(number)) for number in (1, 2)))

    assert (take(path).format, take(path).activities) == ("ctapipe", 2)
