"""From names to a comparison: the sample logs."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from provtap.adql import translate
from provtap.commands import main
from provtap.compare import Difference, compare
from provtap.database.connect import open_database
from provtap.errors import NotFound, ParameterError
from provtap.ingest import ingest
from tests.ingest.logs import activity_id, rows, write_log
from tests.ingest.logs import run as log_run

A, B = "urn:uuid:5b0ccf96-3e01-436a-a61e-fce9ef9dfd86", "urn:uuid:433f1066-fa40-4c10-abff-6286f6eefe7f"
"""The runs that made step1_a.dl1.h5 and step1_b.dl1.h5."""
DIFFERING = f"""
SELECT x.p_name, x.p_value, y.p_value FROM provenance.parameter AS x
JOIN provenance.parameter AS y ON x.p_name = y.p_name
WHERE x.p_activity_id = '{A}' AND y.p_activity_id = '{B}' AND x.p_value <> y.p_value
ORDER BY x.p_name
"""


@pytest.fixture(scope="module")
def asked(sample_settings, tableset) -> Iterator:
    """Compare two things of the sample logs."""
    with open_database(sample_settings) as database:
        yield lambda a, b: compare(a, b, database, tableset, sample_settings)


@pytest.fixture(scope="module")
def diff(sample_settings):
    """Run `provtap diff` on the sample logs."""
    environ = {
        "PROVTAP_DATABASE_URL": sample_settings.database_url,
        "PROVTAP_ROLE_PREFIX": sample_settings.role_prefix,
    }
    return lambda *arguments: CliRunner(env=environ).invoke(main, ["diff", *arguments])


def test_differences_agree_with_a_query(asked, sample_settings, tableset):
    """The example query is "In which parameters do these two runs differ?"; each number has one form here."""
    with open_database(sample_settings) as database, database.reading(60) as transaction:
        expected = [tuple(row) for row in transaction.rows(translate(DIFFERING, tableset).sql)]
    found = asked(A, B)

    assert [(d.name, d.a, d.b) for d in found.parameters] == expected
    assert len(expected) == 5
    assert [d.name for d in found.parameters if not d.harmless] == [
        "ProcessorTool.DataWriter.SimTelEventSource.max_events",
        "ProcessorTool.SimTelEventSource.max_events",
    ]
    assert (found.inputs, found.software, found.steps, found.equal_as_numbers) == ((), (), (), ())
    assert found.a.environment == found.b.environment is not None


@pytest.mark.parametrize(
    "a, b",
    [
        ("step1_a.dl1.h5", "step1_b.dl1.h5"),
        ("/cta/provwork/run/step1_a.dl1.h5", "urn:uuid:b9381c53-824a-499e-b51f-274a6bf973ed"),
    ],
)
def test_products_stand_for_the_runs_that_made_them(asked, a, b):
    """By id, path or a name that only one product has."""
    found = asked(a, b)

    assert (found.a.id, found.b.id) == (A, B)
    assert (found.a.product.name, found.b.product.name) == ("step1_a.dl1.h5", "step1_b.dl1.h5")


def test_steps_behind_are_compared(asked):
    found = asked("step2_a.dl2.h5", "step1_a.dl1.h5")

    assert [(d.name, d.a, d.b) for d in found.steps] == [("ctapipe-process", f"0.28.0 ({A})", None)]
    assert {d.name for d in found.inputs} == {"DL0/Event", "Event", "Tool Configuration"}


def test_a_run_equals_itself(asked, diff):
    assert asked(A, A).equal
    result = diff(A, A)

    assert (result.exit_code, "Both are the same run." in result.output) == (0, True)


@pytest.mark.parametrize(
    "a, b, error, message",
    [
        ("nothing", A, NotFound, "Nothing has the name nothing."),
        (A, "step1_a.dl1.h5", ParameterError, "step1_a.dl1.h5 is a product and urn:uuid:5b0c"),
        ("conf.yaml", "step1_a.dl1.h5", NotFound, "No run is recorded that generated conf.yaml"),
        (
            "twice.dl2.h5",
            "step1_a.dl1.h5",
            ParameterError,
            "twice.dl2.h5 is the name of 2 products. Give the id of one of them: urn:",
        ),
        ("a\0", A, NotFound, "Nothing has the name"),
    ],
)
def test_an_impossible_comparison_is_one_sentence(asked, a, b, error, message):
    with pytest.raises(error) as raised:
        asked(a, b)

    assert message in str(raised.value)


def test_the_command_ends_like_diff(diff):
    """Contract of the command line: 0 equal, 1 different, 2 cannot be compared."""
    found = diff("step1_a.dl1.h5", "step1_b.dl1.h5", "--format", "json")
    told = json.loads(found.stdout)

    assert (found.exit_code, len(told["parameters"]), told["a"]["activity"]) == (1, 5, A)
    failed = diff("conf.yaml", A)
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert failed.stderr.startswith("provtap: ") and failed.stderr.count("\n") == 1


def test_packages_are_published_by_name_and_version_alone(database, settings, tableset, tmp_path):
    """D9: the rest of an environment stays private."""
    packages = [
        {"name": "numpy", "version": "2.1", "path": "/home/me/secret"},
        {"name": "old", "version": None},
    ]
    for number, listed in enumerate([packages, [{"name": "numpy", "version": "1.26"}]]):
        system = {"ctapipe_version": "0.28.0", "python": {"packages": listed, "number": number}}
        ingest(write_log(tmp_path / f"{number}.log", log_run(number, system=system)), database, settings)
    found = compare(activity_id(0), activity_id(1), database, tableset, settings)
    published = rows(database, "SELECT pk_name, pk_version FROM provext.package ORDER BY 1, 2")

    assert published == [("numpy", "1.26"), ("numpy", "2.1"), ("old", None)]
    assert [d for d in found.software if d.name.startswith("package")] == [
        Difference("package numpy", "2.1", "1.26"),
        Difference("package old", "no version", None),
    ]
