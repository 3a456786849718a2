"""Compares two runs, or the runs that made two products, to find why results differ."""

from provtap.compare.differences import Comparison, Difference, compare_runs
from provtap.compare.formats import FORMATS
from provtap.compare.reading import compare
from provtap.runs import Run

__all__ = ["FORMATS", "Comparison", "Difference", "Run", "compare", "compare_runs"]
