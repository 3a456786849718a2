"""Readers: one generator of records for each format. They know no database."""
