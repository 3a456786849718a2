"""The tree of a resolved query: types, literals, signatures of functions. It knows no SQL."""
