"""The virtual tables: the recursion that computes them, and how a SELECT is rewritten to use it."""
