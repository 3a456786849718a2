"""ADQL 2.1 to PostgreSQL: parse, resolve against what is published, generate."""

from provtap.adql.postgres import Statement
from provtap.adql.reserved import published_name

__all__ = ["Statement", "published_name"]
