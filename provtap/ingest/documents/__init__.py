"""Documents: read from a file, stored, and archived unchanged."""
