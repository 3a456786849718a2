"""Converts the tree to the plan: resolves names, determines types, and rejects invalid queries."""
