"""Strict parsers for JSON, XML and YAML that report the position of errors."""
