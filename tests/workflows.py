"""Programs that are too large for the tests' environment: found where they are installed."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """Return the path of a program: that of the variable PROVTAP_TEST_<NAME>, or the one of the PATH."""
    variable = f"PROVTAP_TEST_{name.upper().replace('-', '_')}"
    found = shutil.which(os.environ.get(variable, name))
    if found is None:
        pytest.skip(f"{name} is not installed; {variable} is its path")
    return found
