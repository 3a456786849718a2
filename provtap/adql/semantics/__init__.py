"""Tree to plan: names are looked up, types are settled, and what makes no sense is refused."""
