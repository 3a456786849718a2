"""What an operator watches: `/live`, `/ready` and `/metrics` on a port of their own, and `provtap status`."""
