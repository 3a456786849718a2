"""Why do two results differ? Two runs compared, or the runs that made two products."""

from provtap.compare.differences import Comparison, Difference, Run, compare_runs
from provtap.compare.formats import FORMATS
from provtap.compare.reading import compare

__all__ = ["FORMATS", "Comparison", "Difference", "Run", "compare", "compare_runs"]
