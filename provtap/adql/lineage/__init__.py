"""The virtual tables: the recursion that walks them, and the rewriting of a SELECT around it."""
