"""DataLink: links from a product to its bytes, its origins and the products made from it."""
