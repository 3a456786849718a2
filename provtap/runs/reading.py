"""Finds the run of a name, and reads runs."""

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Any

from provtap.adql import translate
from provtap.database.connect import Transaction
from provtap.database.sql import literal, load_statements
from provtap.database.transaction import Row
from provtap.errors import NotFound, ParameterError
from provtap.query.names import Closeness, Meaning, closest, find
from provtap.runs.run import ENVIRONMENT, Parameter, Run, Thing
from provtap.tableset import Tableset

SQL = load_statements("provtap.runs", "runs.sql")
BEHIND = """
SELECT acl_ancestor_id, acl_distance FROM provenance.activity_lineage
WHERE acl_descendant_id = {activity}
"""
"""ADQL for the runs behind a run."""


def find_one(transaction: Transaction, name: str) -> Meaning:
    """Return the product or run for *name*: the closest match, if there is only one.

    Raises: NotFound; ParameterError for an ambiguous name.
    """
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


def maker(transaction: Transaction, found: Meaning) -> str | None:
    """Return the run *found*, or the run that generated it, if one is recorded."""
    if found.kind == "activity":
        return found.id
    row = transaction.one(SQL["made_by"], entity=found.id)
    return None if row is None else str(row.activity)


def behind(transaction: Transaction, run: str, tableset: Tableset) -> Mapping[str, int]:
    """Return the runs behind a run, with their distances."""
    statement = translate(BEHIND.format(activity=literal(run)), tableset)
    return dict(tuple(row) for row in transaction.rows(statement.sql))


def having(transaction: Transaction, activities: Set[str], parameter: str) -> set[str]:
    """Return those of some runs that have a parameter of this name."""
    rows = transaction.rows(SQL["having"], activities=sorted(activities), parameter=parameter)
    return {row.activity for row in rows}


def name_runs(transaction: Transaction, activities: Set[str]) -> Mapping[str, Run]:
    """Return these runs, without parameters and files."""
    rows = transaction.rows(SQL["runs"], activities=sorted(activities))
    return {row.id: Run(**row._asdict()) for row in rows}


def read_runs(transaction: Transaction, activities: Set[str]) -> Mapping[str, Run]:
    """Return these runs, with all that is recorded of them."""
    ids = sorted(activities)
    parameters, configuration, inputs, outputs = (defaultdict[str, list[Any]](list) for _ in range(4))
    environments: defaultdict[str, list[Thing]] = defaultdict(list)
    for row in transaction.rows(SQL["parameters"], activities=ids):
        parameters[row.activity].append(Parameter(row.name, row.value, row.unit, row.default))
    for row in transaction.rows(SQL["configuration_files"], activities=ids):
        parameters[row.activity].append(Parameter(f"configuration file {row.name}", row.location))
        configuration[row.activity].append(row.location)
    for row in transaction.rows(SQL["used"], activities=ids):
        (environments if row.role == ENVIRONMENT else inputs)[row.activity].append(_thing(row))
    for row in transaction.rows(SQL["generated"], activities=ids):
        outputs[row.activity].append(_thing(row))
    packages = _packages(transaction, {each.id for things in environments.values() for each in things})
    return {
        row.id: Run(
            **row._asdict(),
            parameters=tuple(parameters[row.id]),
            configuration=tuple(configuration[row.id]),
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
    return Thing(
        row.id,
        row.name,
        row.role,
        frozenset(row.digests),
        row.comment,
        row.made_by,
        row.made_as,
        row.location,
        row.kind == "Collection",
    )
