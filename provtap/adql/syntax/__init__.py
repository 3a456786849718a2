"""Converts text to the tree: the lexer, the rules of the grammar, and the messages for syntax errors."""
