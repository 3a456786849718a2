"""The documents of the write API, and their classes."""
