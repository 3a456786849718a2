"""The string functions of ADQL 2.1, section 4.3.

Names and ids have the collation "C", under which case is that of ASCII only. So case is folded by the
collation of the database, which is Unicode's wherever `provtap init` made it, and the result is sorted by "C"
again: in the same order on every server.
"""

from provtap.adql.datatypes import Type
from provtap.adql.signatures import Function, Kind, Parameter

_TEXT = (Parameter("text", Kind.TEXT),)

TEXT_FUNCTIONS = (
    Function(
        name="LOWER",
        parameters=_TEXT,
        result=Type.TEXT,
        sql='(lower({0} COLLATE "default") COLLATE "C")',
        description="The text in small letters.",
    ),
    Function(
        name="UPPER",
        parameters=_TEXT,
        result=Type.TEXT,
        sql='(upper({0} COLLATE "default") COLLATE "C")',
        description="The text in capital letters.",
    ),
)
