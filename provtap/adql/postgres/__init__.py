"""Plan to PostgreSQL."""
