"""Tree to plan: resolves names, determines types, and refuses what makes no sense."""
