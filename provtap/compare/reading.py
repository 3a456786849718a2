"""Finds the runs of two names and reads their records for a comparison."""

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from provtap.adql import translate
from provtap.compare.differences import Comparison, compare_runs
from provtap.compare.runs import ENVIRONMENT, Parameter, Run, Thing
from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.sql import literal, load_statements
from provtap.database.transaction import Row
from provtap.errors import NotFound, ParameterError, TooLarge
from provtap.query.names import Closeness, Meaning, closest, find
from provtap.tableset import Tableset

SQL = load_statements("provtap.compare", "compare.sql")
BEHIND = """
SELECT acl_ancestor_id, acl_distance FROM provenance.activity_lineage
WHERE acl_descendant_id = {activity}
"""
"""ADQL for the runs behind a run."""
MOST_RUNS = 1_000
"""Of one history, beside those that the other has, too."""


def compare(
    a: str, b: str, database: Database, tableset: Tableset, settings: Settings, duration: float | None = None
) -> Comparison:
    """Return what differs between two runs, or between the histories of two products.

    Each is an id, a path, an alias, or a checksum or file name of only one product. *duration* limits each
    statement, in seconds.

    Raises: NotFound; ParameterError for an ambiguous name, or a product and a run; TooLarge; QueryTimeout,
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
        last = [_activity(transaction, each) for each in found]
        behind = [_behind(transaction, each, run, tableset) for each, run in zip(found, last, strict=True)]
        wanted = [_only_here(*pair) for pair in zip(found, behind, behind[::-1], strict=True)]
        runs = _runs(transaction, {*last, *wanted[0], *wanted[1]})
    sides = [
        replace(
            runs[run],
            product=next((thing for thing in runs[run].outputs if thing.id == each.id), None),
            history=tuple(sorted((runs[id_] for id_ in ids), key=lambda r: _order(r, distances))),
        )
        for each, run, ids, distances in zip(found, last, wanted, behind, strict=True)
    ]
    return compare_runs(*sides)


def _order(run: Run, distances: Mapping[str, int]) -> tuple[int, datetime, str]:
    return distances[run.id], run.start_time or datetime.max, run.id


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


def _behind(transaction: Transaction, found: Meaning, run: str, tableset: Tableset) -> Mapping[str, int]:
    """Return the runs behind the one that made a product, with their distances; none behind a run."""
    if found.kind == "activity":
        return {}
    statement = translate(BEHIND.format(activity=literal(run)), tableset)
    return dict(tuple(row) for row in transaction.rows(statement.sql))


def _only_here(found: Meaning, mine: Mapping[str, int], yours: Mapping[str, int]) -> set[str]:
    only = mine.keys() - yours.keys()
    if len(only) > MOST_RUNS:
        raise TooLarge(
            f"The history of {found.given[:200]} has {len(only)} runs that the other does not have;"
            f" at most {MOST_RUNS} are compared.",
            hint="Give the runs that made both: then only these two are compared.",
        )
    return only


def _runs(transaction: Transaction, activities: Set[str]) -> Mapping[str, Run]:
    """Return these runs, with all that is compared."""
    ids = sorted(activities)
    parameters, inputs, outputs = (defaultdict[str, list[Any]](list) for _ in range(3))
    environments: defaultdict[str, list[Thing]] = defaultdict(list)
    for row in transaction.rows(SQL["parameters"], activities=ids):
        parameters[row.activity].append(Parameter(row.name, row.value, row.unit, row.default))
    for row in transaction.rows(SQL["configuration_files"], activities=ids):
        parameters[row.activity].append(Parameter(f"configuration file {row.name}", row.location))
    for row in transaction.rows(SQL["used"], activities=ids):
        (environments if row.role == ENVIRONMENT else inputs)[row.activity].append(_thing(row))
    for row in transaction.rows(SQL["generated"], activities=ids):
        outputs[row.activity].append(_thing(row))
    packages = _packages(transaction, {each.id for things in environments.values() for each in things})
    return {
        row.id: Run(
            **row._asdict(),
            parameters=tuple(parameters[row.id]),
            inputs=tuple(inputs[row.id]),
            outputs=tuple(outputs[row.id]),
            environment="; ".join(t.comment or t.name or t.id for t in environments[row.id]) or None,
            packages={k: v for each in environments[row.id] for k, v in packages[each.id].items()},
        )
        for row in transaction.rows(SQL["runs"], activities=ids)
    }


def _packages(transaction: Transaction, environments: Set[str]) -> Mapping[str, Mapping[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in transaction.rows(SQL["packages"], environments=sorted(environments)):
        found[row.environment][row.name] = row.version
    return found


def _thing(row: Row) -> Thing:
    return Thing(row.id, row.name, row.role, frozenset(row.digests), row.comment, row.made_by, row.made_as)
