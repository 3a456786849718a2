"""The wheel `snakemake-logger-plugin-provtap`; its version and classifiers are those of ProvTAP."""

import runpy
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

full = ConfigParser()
full.read(ROOT / "setup.cfg")
version = runpy.run_path(str(ROOT / "provtap/__init__.py"))["__version__"]

setup(
    name="snakemake-logger-plugin-provtap",
    version=version,
    description="Record the jobs of Snakemake on a ProvTAP service",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license=full["metadata"]["license"],
    license_files=["LICENSE"],
    python_requires=full["options"]["python_requires"],
    install_requires=["provtap-client", "snakemake-interface-logger-plugins>=1.2"],
    packages=["snakemake_logger_plugin_provtap"],
)
