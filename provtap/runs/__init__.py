"""Runs with their parameters, inputs, outputs and software, as comparisons and recipes read them."""

from provtap.runs.reading import behind, find_one, having, maker, name_runs, read_runs
from provtap.runs.run import Parameter, Run, Thing

__all__ = ["Parameter", "Run", "Thing", "behind", "find_one", "having", "maker", "name_runs", "read_runs"]
