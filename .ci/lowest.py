"""Print the lowest version that setup.cfg declares for each dependency of ProvTAP, as constraints for pip."""

import configparser
import re
from pathlib import Path

EXTRAS = ("parquet",)
"""What a user installs beside; the tools of the tests are taken as they are today."""

config = configparser.ConfigParser()
config.read(Path(__file__).parents[1] / "setup.cfg")
lines = config["options"]["install_requires"].split()
for extra in EXTRAS:
    lines += config["options.extras_require"][extra].split()
for line in lines:
    name, lowest = re.match(r"([\w.-]+)>=([\d.]+)", line).groups()
    print(f"{name}=={lowest}")
