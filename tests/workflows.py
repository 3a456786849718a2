"""Workflow managers that are too large for the tests' environment: found where they are installed."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """Return the path of a program: that of the variable PROVTAP_TEST_<NAME>, or the one of the PATH."""
    found = shutil.which(os.environ.get(f"PROVTAP_TEST_{name.upper()}", name))
    if found is None:
        pytest.skip(f"{name} is not installed; PROVTAP_TEST_{name.upper()} is its path")
    return found
