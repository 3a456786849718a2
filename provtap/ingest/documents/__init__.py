"""Documents: from a file through its reader into the store, and kept as they came."""
