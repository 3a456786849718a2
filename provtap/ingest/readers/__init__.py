"""Readers: one generator of records for each format; they use no database."""
