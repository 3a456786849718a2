"""Strict parsers for JSON, XML and YAML that know the position of what is wrong."""
