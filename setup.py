"""The packages, which setup.cfg can't name: those of `provtap/`, found, and those that lie beside it."""

from setuptools import find_packages, setup

BESIDE = {
    "provtap.schema": "schema",
    "provtap.tap_schema": "tap_schema",
    "provtap.systemd": "deploy/systemd",
}

setup(
    packages=[*find_packages(include=["provtap", "provtap.*"]), *BESIDE],
    package_dir=BESIDE,
)
