"""Tables that come with a request, as part of the SQL: so they work on a standby, and for who only reads.

All cells of a column are one array in PostgreSQL's text form, and `unnest` makes rows of them. PostgreSQL
sees how long an array is, so it plans a join with the true number of rows.
"""

from provtap.adql.plan.tree import UploadedTable
from provtap.adql.postgres.cells import sql_type
from provtap.adql.syntax.quoting import quote_text


def upload_sql(table: UploadedTable) -> str:
    """Return the query whose rows are those of *table*; its columns are called c1, c2, ..."""
    types = [sql_type(column) for column in table.columns]
    arrays = (
        f"{quote_text(array)}::{'text' if type_.endswith('[]') else type_}[]"
        for array, type_ in zip(table.arrays, types, strict=True)
    )
    names = [f"c{number}" for number in range(1, len(types) + 1)]
    columns = (
        f"{name}::{type_} AS {name}" if type_.endswith("[]") else name
        for name, type_ in zip(names, types, strict=True)
    )
    return f"SELECT {', '.join(columns)} FROM unnest({', '.join(arrays)}) AS u ({', '.join(names)})"
