"""Converts the plan to PostgreSQL."""
