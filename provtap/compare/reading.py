"""Finds the runs of two names and reads their records for a comparison."""

from collections import defaultdict
from collections.abc import Mapping

from provtap.adql import translate
from provtap.compare.differences import ENVIRONMENT, Comparison, Parameter, Run, Thing, compare_runs
from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.sql import literal, load_statements
from provtap.database.transaction import Row
from provtap.errors import NotFound, ParameterError
from provtap.query.names import Closeness, Meaning, closest, find
from provtap.tableset import Tableset

SQL = load_statements("provtap.compare", "compare.sql")
STEPS = """
SELECT a_name, ad_version, COUNT(*) AS n
FROM provenance.activity_lineage
JOIN provenance.activity ON a_id = acl_ancestor_id
LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
WHERE acl_descendant_id = {activity}
GROUP BY a_name, ad_version
"""
"""ADQL for the programs of the steps before a run."""


def compare(
    a: str, b: str, database: Database, tableset: Tableset, settings: Settings, duration: float | None = None
) -> Comparison:
    """Return the differences between two runs, or between the runs that made two products.

    Each is an id, a path, an alias, or a checksum or file name of only one product. *duration* limits each
    statement, in seconds.

    Raises: NotFound; ParameterError for an ambiguous name, or a product and a run; QueryTimeout,
    DatabaseUnavailable.
    """
    with database.reading(duration or settings.sync_duration) as transaction:
        found = [_find(transaction, name) for name in (a, b)]
        if found[0].kind != found[1].kind:
            product, run = (a, b) if found[0].kind == "entity" else (b, a)
            raise ParameterError(
                f"{product} is a product and {run} is a run: they cannot be compared.",
                hint="Give two products or two runs.",
            )
        mine, yours = (_run(transaction, row, tableset) for row in found)
    return compare_runs(mine, yours)


def _find(transaction: Transaction, name: str) -> Meaning:
    """Return the product or run for *name*: the closest match, if there is only one."""
    meanings = find(transaction, [name.replace("\0", "")], Closeness.FILE_NAME)
    found = closest(meaning for meaning in meanings if meaning.kind != "agent")
    if not found:
        raise NotFound(f"Nothing has the name {name[:200]}.")
    if len(found) > 1:
        ids = ", ".join(sorted(meaning.id for meaning in found)[:5])
        raise ParameterError(
            f"{name[:200]} is the name of {len(found)} products.", hint=f"Give the id of one of them: {ids}."
        )
    return found[0]


def _activity(transaction: Transaction, found: Meaning) -> str:
    """Return the run *found*, or the run that made it."""
    if found.kind == "activity":
        return found.id
    row = transaction.one(SQL["made_by"], entity=found.id)
    if row is None:
        raise NotFound(
            f"No run is recorded that generated {found.given[:200]}, so there is nothing to compare.",
            hint="It was not made by a recorded run.",
        )
    return str(row.activity)


def _run(transaction: Transaction, found: Meaning, tableset: Tableset) -> Run:
    activity = _activity(transaction, found)
    row = transaction.one(SQL["run"], activity=activity)
    assert row is not None  # same snapshot
    used = [_thing(thing) for thing in transaction.rows(SQL["used"], activity=activity)]
    outputs = [_thing(thing) for thing in transaction.rows(SQL["generated"], activity=activity)]
    files = transaction.rows(SQL["configuration_files"], activity=activity)
    parameters = [
        *(
            Parameter(p.name, p.value, p.unit, p.default)
            for p in transaction.rows(SQL["parameters"], activity=activity)
        ),
        *(Parameter(f"configuration file {file.name}", file.location) for file in files),
    ]
    environments = [thing.comment or thing.name or thing.id for thing in used if thing.role == ENVIRONMENT]
    return Run(
        **row._asdict(),
        parameters=tuple(parameters),
        inputs=tuple(thing for thing in used if thing.role != ENVIRONMENT),
        outputs=tuple(outputs),
        environment="; ".join(environments) or None,
        steps=_steps(transaction, activity, tableset),
        product=next((thing for thing in outputs if thing.id == found.id), None),
    )


def _thing(row: Row) -> Thing:
    return Thing(row.id, row.name, row.role, frozenset(row.digests), row.comment)


def _steps(transaction: Transaction, activity: str, tableset: Tableset) -> Mapping[str, Mapping[str, int]]:
    """Return the numbers of earlier runs that led to a run, by program and version."""
    statement = translate(STEPS.format(activity=literal(activity)), tableset)
    steps: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for program, version, number in transaction.rows(statement.sql):
        steps[program or "unnamed"][version or ""] = number
    return steps
