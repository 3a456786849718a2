"""Measure lineage in ADQL, next to recursive SQL written by hand for the same question.

Both give the same rows, or it fails.
"""

from typing import Any

import psycopg2
import rounds
from layers import ACTIVITIES, identifier, layered_store

from provtap import metadata
from provtap.adql import translate

STEPS = """
SELECT u_entity_id::text
  FROM provenance.wasgeneratedby JOIN provenance.used ON u_activity_id = wgb_activity_id
 WHERE wgb_entity_id = w.id
 UNION ALL
SELECT wdf_usedentity_id FROM provenance.wasderivedfrom WHERE wdf_generatedentity_id = w.id
"""
BACK = f"""
WITH RECURSIVE w (start, id) AS (
    SELECT e_id::text, e_id::text FROM provenance.entity WHERE {{0}}
     UNION
    SELECT w.start, s.id FROM w CROSS JOIN LATERAL ({STEPS}) AS s (id)
)
SELECT {{1}} FROM w {{2}}WHERE id <> start
"""
FORTH = """
WITH RECURSIVE w (id) AS (
    SELECT e_id::text FROM provenance.entity WHERE {0}
     UNION
    SELECT s.id FROM w CROSS JOIN LATERAL (
        SELECT wgb_entity_id::text FROM provenance.used
          JOIN provenance.wasgeneratedby ON wgb_activity_id = u_activity_id WHERE u_entity_id = w.id
         UNION ALL
        SELECT wdf_generatedentity_id FROM provenance.wasderivedfrom WHERE wdf_usedentity_id = w.id
    ) AS s (id)
)
SELECT e_id, e_name{1} FROM w JOIN provenance.entity ON e_id = id WHERE e_class = 'DatasetEntity' AND NOT {0}
"""
PRODUCT = f"'{identifier('product', 12, 500)}'"
HUNDRED = "e_name BETWEEN 'product_12_00000200.h5' AND 'product_12_00000299.h5'"
SCANNED = "e_name LIKE '%roduct_12_000002%'"
"""The same hundred by a condition that no index serves."""
BAD = f"'{identifier('calibration', 10, 0)}'"
OPEN = "FROM provext.withdrawal WHERE w_until IS NULL"
WITHDRAWN = ", ".join(f"'{identifier('calibration', layer, 0)}'" for layer in range(2, 12))
"""Ten calibrations, which hundreds of thousands of products were made from."""
WITHDRAW = f"""
INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('urn:x:maria', 'Maria');
INSERT INTO provenance.activity (a_id, a_name) VALUES ('urn:x:withdrawal', 'withdrawal');
INSERT INTO provext.withdrawal (w_entity_id, w_kind, w_reason, w_since, w_time, w_until,
                                w_agent_id, w_activity_id)
SELECT e_id, 'defective', 'bad', now(), now(), CASE WHEN e_id NOT IN ({WITHDRAWN}) THEN now() END,
       'urn:x:maria', 'urn:x:withdrawal'
  FROM provenance.entity
 WHERE e_name LIKE 'calibration_%';
ANALYZE provext.withdrawal;
"""
"""All calibrations were withdrawn, and all but ten reinstated."""
QUESTIONS = {
    "ancestors of one product": (
        f"SELECT l_ancestor_id FROM provenance.lineage WHERE l_descendant_id = {PRODUCT}",
        BACK.format(f"e_id = {PRODUCT}", "id", ""),
    ),
    "ancestors of a hundred products": (
        "SELECT e.e_name, l.l_ancestor_id FROM provenance.entity AS e"
        f" JOIN provenance.lineage AS l ON l.l_descendant_id = e.e_id WHERE {HUNDRED}",
        BACK.format(HUNDRED, "e_name, id", "JOIN provenance.entity ON e_id = start "),
    ),
    "the same, found by a scan": (
        "SELECT e.e_name, l.l_ancestor_id FROM provenance.entity AS e"
        f" JOIN provenance.lineage AS l ON l.l_descendant_id = e.e_id WHERE {SCANNED}",
        BACK.format(SCANNED, "e_name, id", "JOIN provenance.entity ON e_id = start "),
    ),
    "the same, with names of ancestors": (
        "SELECT e.e_name, p.e_name FROM provenance.entity AS e"
        " JOIN provenance.lineage AS l ON l.l_descendant_id = e.e_id"
        f" JOIN provenance.entity AS p ON p.e_id = l.l_ancestor_id WHERE e.{HUNDRED}",
        BACK.format(
            HUNDRED,
            "e.e_name, p.e_name",
            "JOIN provenance.entity AS e ON e.e_id = start JOIN provenance.entity AS p ON p.e_id = id ",
        ),
    ),
    "affected products of one withdrawal": (
        "SELECT e_id, e_name, af_kind FROM provext.affected JOIN provenance.entity ON e_id = af_entity_id"
        f" WHERE af_withdrawn_id = {BAD} AND e_class = 'DatasetEntity'",
        FORTH.format(f"e_id = {BAD}", f", (SELECT w_kind {OPEN} AND w_entity_id = {BAD})"),
    ),
    "withdrawals that affect one product": (
        f"SELECT af_withdrawn_id, af_kind FROM provext.affected WHERE af_entity_id = {PRODUCT}",
        BACK.format(
            f"e_id = {PRODUCT}", "id, w_kind", f"JOIN (SELECT * {OPEN}) AS open ON w_entity_id = id "
        ),
    ),
    "products of one raw file": (
        "SELECT d.e_id, d.e_name FROM provenance.lineage AS l"
        " JOIN provenance.entity AS d ON d.e_id = l.l_descendant_id"
        " JOIN provenance.entity AS b ON b.e_id = l.l_ancestor_id"
        " WHERE b.e_name = 'product_0_00000500.h5' AND d.e_class = 'DatasetEntity'",
        FORTH.format("e_name = 'product_0_00000500.h5'", ""),
    ),
}


def main() -> None:
    """Print what each question costs."""
    parser = rounds.parser(__doc__)
    parser.add_argument("--activities", type=int, default=ACTIVITIES)
    options = parser.parse_args()
    tableset = metadata.load(None)
    rounds.heading(
        f"What does lineage in ADQL cost, among {options.activities} activities?", options.rounds, __doc__
    )
    with layered_store(options.activities) as settings:
        connection = psycopg2.connect(str(settings.database_url), options="-c jit=off")
        with connection.cursor() as cursor:
            cursor.execute(WITHDRAW)
            lines = (
                [question, *compare(cursor, translate(adql, tableset).sql, by_hand, options.rounds)]
                for question, (adql, by_hand) in QUESTIONS.items()
            )
            rounds.table(["question", "rows", "SQL by hand", "ADQL", "ratio"], lines)
        connection.close()


def compare(cursor: Any, sql: str, by_hand: str, number: int) -> list[str]:
    """Return the cells of a line of the table, after a round that only warms up."""
    if (rows := sorted(answer(cursor, sql))) != sorted(answer(cursor, by_hand)):
        raise SystemExit(f"The answers differ: {sql}")
    ways = {
        "floor": lambda: rounds.timed(answer, cursor, by_hand),
        "ours": lambda: rounds.timed(answer, cursor, sql),
    }
    times = rounds.medians(ways, number)
    floor, ours = times["floor"], times["ours"]
    return [str(len(rows)), rounds.seconds(floor), rounds.seconds(ours), f"{ours / floor:.2f}"]


def answer(cursor: Any, statement: str) -> list[tuple[Any, ...]]:
    """Return the rows of *statement*."""
    cursor.execute(statement)
    return list(cursor.fetchall())


if __name__ == "__main__":
    main()
