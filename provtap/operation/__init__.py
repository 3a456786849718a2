"""Operation: accounts and maintenance, which an operator manages while the service runs."""
