"""The tree of a resolved query: types, literals, signatures of functions; no SQL is written here."""
