"""SQL scripts of other tools, checked and merged into the store."""
