"""Backups of the whole store: written, verified and restored, by PostgreSQL's own programs."""
