"""Recipes: the recorded steps that made a product, as a script or workflow that makes it again."""

from collections.abc import Callable, Mapping

from provtap.recipe.cwl import as_cwl
from provtap.recipe.reading import read_recipe
from provtap.recipe.sh import as_sh
from provtap.recipe.snakemake import as_snakemake
from provtap.recipe.steps import Recipe

FORMATS: Mapping[str, Callable[[Recipe], str]] = {"sh": as_sh, "cwl": as_cwl, "snakemake": as_snakemake}

__all__ = ["FORMATS", "Recipe", "read_recipe"]
