"""A person is replaced by a pseudonym, in the tables and in the archived documents."""
