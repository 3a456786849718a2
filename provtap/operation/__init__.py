"""Operation: what an operator manages in the database while the service runs: accounts and maintenance."""
