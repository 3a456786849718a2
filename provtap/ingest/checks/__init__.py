"""Rules that the constraints of the tables can't enforce: `provtap check`."""
