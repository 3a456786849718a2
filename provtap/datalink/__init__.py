"""DataLink: from a product to its bytes, to what it was made from and what was made from it."""
