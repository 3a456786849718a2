"""Documents: from a file through its reader into the store, and archived as they came."""
