"""Monitoring for operators: `/live`, `/ready` and `/metrics` on a separate port, and `provtap status`."""
