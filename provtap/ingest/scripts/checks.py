"""Checks all rows of a script against the rules of the model, before any row is stored."""

from collections.abc import Iterable

from provtap.ingest.scripts.tables import ARTEFACTS, SQL, SqlTable, Staging, wrong
from provtap.ingest.store.description_tables import KINDS

_ARTEFACTS = {
    "provenance.parameter": {"id": "p_id", "activity": "p_activity_id", "pointer": "wcb_parameter_id"},
    "provenance.configfile": {"id": "cf_id", "activity": "cf_activity_id", "pointer": "wcb_configfile_id"},
}
_DESCRIBED = {kind.table for kind in KINDS}


def check(staging: Staging) -> None:
    """Reject a script with a row that breaks a rule of the model.

    Raises: DocumentError, with line, row and table.
    """
    _configure(staging)
    for table in staging.tables.values():
        if table.full_name == ARTEFACTS:
            continue
        _check_conditions(staging, table)
        _check_keys(staging, table)
    for table in staging.tables.values():
        _check_references(staging, table)
    _check_kinds(staging)


def same(table: SqlTable, key: Iterable[str], left: str = "held", right: str = "staged") -> str:
    """Return the condition that two rows of *table* have the same key; it can be hashed without nulls."""
    required = {column.name for column in table.columns if column.required}
    parts = []
    for expression in key:
        name = expression.removeprefix("md5(").removesuffix(")")
        operator = "=" if name in required else "IS NOT DISTINCT FROM"
        parts.append(f"{_of(left, expression, name)} {operator} {_of(right, expression, name)}")
    return " AND ".join(parts)


def _of(row: str, expression: str, name: str) -> str:
    return expression.replace(name, f"{row}.{name}")


def shown(columns: Iterable[str]) -> str:
    """Return SQL for the values of *columns* in the form of a message."""
    return f"concat_ws(', ', {', '.join(columns)})"


def _configure(staging: Staging) -> None:
    """Join parameters and configuration files with the rows that name their activities."""
    artefacts = staging.tables.get(ARTEFACTS)
    if artefacts and (row := staging.first("wrong_artefact")):
        raise wrong(
            artefacts,
            row,
            "it must name an activity and one parameter or configuration file, as its artefact type says",
        )
    for name, names_of_kind in _ARTEFACTS.items():
        table = staging.known[name]
        if name in staging.tables:
            names = names_of_kind | {"staged": table.staged, "table": name}
            if artefacts:
                staging.transaction.execute(_sql("configure", names))
            staging.transaction.execute(_sql("configure_stored", names))
            if row := staging.first("not_configured", **names):
                raise wrong(
                    table, row, f"no row of wasconfiguredby names the activity of {table.name} {row.id}"
                )
        if artefacts:
            staged = table.staged if name in staging.tables else f"(SELECT * FROM {name} LIMIT 0) AS none"
            row = staging.first("wrongly_configured", **names_of_kind, staged=staged, table=name)
            if row:
                raise wrong(
                    artefacts,
                    row,
                    f"the {table.name} {row.id} does not exist, or belongs to another activity",
                )


def _sql(name: str, names: dict[str, str]) -> str:
    return SQL[name].format(**names)


def _check_conditions(staging: Staging, table: SqlTable) -> None:
    for condition in table.checks:
        if row := staging.first("broken_check", staged=table.staged, check=condition):
            rule = condition.replace("::text", "").strip("()")
            raise wrong(table, row, f"it breaks the rule {rule}")


def _check_keys(staging: Staging, table: SqlTable) -> None:
    """Reject different rows with the same key; equal rows are reduced to one."""
    columns = ", ".join(table.names())
    for number, key in enumerate(table.keys):
        if number and set(table.keys[0]) <= set(key):
            continue  # it contains the primary key, the target of references
        keys = ", ".join(key)
        found = staging.first("repeated", staged=table.staged, shown=shown(key), keys=keys)
        if found:
            row = staging.first("contradicting", staged=table.staged, columns=columns, keys=keys)
            if row:
                raise wrong(table, row, f"line {row.first_line} has the same key and other values")
            staging.transaction.execute(_sql("thin", {"staged": table.staged, "keys": keys}))
        if number:
            id_ = table.keys[0][0]
            names = {"staged": table.staged, "table": table.full_name, "id": id_}
            unless = _sql("unless_only_described", names) if table.full_name in _DESCRIBED else ""
            if row := staging.first("taken", **names, same=same(table, key), unless=unless):
                raise wrong(table, row, f"the store already has it as {row.id}")


def _check_references(staging: Staging, table: SqlTable) -> None:
    for reference in table.references:
        target = staging.known[reference.table]
        pairs = list(zip(reference.target, reference.columns, strict=True))
        also = ""
        if reference.table in staging.tables:
            other = " AND ".join(f"other.{there} = staged.{here}" for there, here in pairs)
            also = _sql("also_staged", {"target": target.staged, "other_same": other})
        row = staging.first(
            "dangling",
            staged=table.staged,
            shown=shown(reference.columns),
            given=" AND ".join(f"{here} IS NOT NULL" for here in reference.columns),
            target=reference.table,
            held_same=" AND ".join(f"held.{there} = staged.{here}" for there, here in pairs),
            also=also,
        )
        if row:
            raise wrong(
                table, row, f"the {target.name} {row.wanted} is neither in the script nor in the store"
            )


def _check_kinds(staging: Staging) -> None:
    """Reject an id of both an entity and an activity (PROV-CONSTRAINTS 1.0, constraint 54)."""
    ids = {"provenance.entity": "e_id", "provenance.activity": "a_id"}
    for (name, id_), (other, other_id) in zip(ids.items(), [*ids.items()][::-1], strict=True):
        if name not in staging.tables:
            continue
        table = staging.tables[name]
        for other_table in (other, staging.known[other].staged) if other in staging.tables else (other,):
            row = staging.first(
                "both_kinds", staged=table.staged, id=id_, other=other_table, other_id=other_id
            )
            if row:
                raise wrong(table, row, f"{row.id} would be both an entity and an activity")
