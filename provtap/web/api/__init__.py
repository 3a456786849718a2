"""The write API, /api/v1."""
