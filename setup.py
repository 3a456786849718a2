"""The packages, which setup.cfg can't name: those of `provtap/`, found, and two that lie beside it."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["provtap", "provtap.*"]), "provtap.schema", "provtap.tap_schema"],
    package_dir={"provtap.schema": "schema", "provtap.tap_schema": "tap_schema"},
)
