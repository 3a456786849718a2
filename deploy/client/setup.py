"""The wheel `provtap-client`: `provtap/__init__.py` and `provtap/client/` of this tree, and nothing else.

What both wheels declare is read from the setup.cfg of the full one.
"""

import runpy
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

full = ConfigParser()
full.read(ROOT / "setup.cfg")


class ClientOnly(build_py):
    """Of the package `provtap` itself, take `__init__.py` only: its other modules are the service's."""

    def find_package_modules(self, package, package_dir):
        """Return package, module and file of what is built."""
        found = super().find_package_modules(package, package_dir)
        return [each for each in found if package != "provtap" or each[1] == "__init__"]


setup(
    name="provtap-client",
    version=runpy.run_path(str(ROOT / "provtap/__init__.py"))["__version__"],
    description="Record and search the provenance of astronomical data products on a ProvTAP service",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license=full["metadata"]["license"],
    license_files=["LICENSE"],
    classifiers=full["metadata"]["classifiers"].split("\n")[1:],
    python_requires=full["options"]["python_requires"],
    install_requires=[
        line for line in full["options"]["install_requires"].split() if line.startswith("click")
    ],
    extras_require={
        "hdf5": [line for line in full["options"]["install_requires"].split() if line.startswith("h5py")],
        "notebook": full["options.extras_require"]["notebook"].split(),
    },
    packages=["provtap", "provtap.client"],
    package_dir={"provtap": "../../provtap"},
    package_data={"provtap": ["py.typed"]},
    cmdclass={"build_py": ClientOnly},
    entry_points={"console_scripts": ["provtap = provtap.client.remote:main"]},
)
