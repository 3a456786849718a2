"""Logs of logprov."""
