"""Rules that the tables can't keep by themselves: `provtap check`."""
