"""Text to tree: the lexer, the rules of the grammar, and the messages for what breaks them."""
