#!/usr/bin/env python3
"""Last step of a DIRAC job: send the provenance of its programs to ProvTAP.

usage: cta-prod-add-prov.py [LOG...]

LOG is a provenance log of ctapipe, by default each *.provenance.log of the current directory. The files
input_lfns.txt and output_lfns.txt, if they are there, have the logical names of the job's files, one a line:
files of these names in the logs are known by them, so that jobs are joined wherever they ran.

PROVTAP_URL has the address of the service, PROVTAP_TOKEN a token of it with the scope write. While the
service is away, the log is kept in the directory provtap-spool, and sent with the next one.
The exit code is 0 unless the service refuses a log: a product is good without its provenance.
"""

import json
import os
import sys
from pathlib import Path

from provtap import ProvClient
from provtap.client.delivery import ProvError

JOB_VARIABLES = ("JOBID", "DIRAC_JOBID", "DIRACSITE")


def logical_names() -> dict[str, str]:
    """Return the logical names of the job's files, by their local paths."""
    lists = [Path("input_lfns.txt"), Path("output_lfns.txt")]
    lfns = [line.strip() for path in lists if path.exists() for line in path.read_text().splitlines()]
    return {str(Path(lfn).name): lfn.removeprefix("LFN:") for lfn in lfns if lfn}


def activities(log: Path) -> list[str]:
    """Return the ids of the runs in a log, which may be an object, an array or several of them."""
    decoder, text, found = json.JSONDecoder(), log.read_text().strip(), []
    while text:
        value, end = decoder.raw_decode(text)
        found += value if isinstance(value, list) else [value]
        text = text[end:].strip()
    return [f"urn:uuid:{run['activity_uuid']}" for run in found if "activity_uuid" in run]


def main() -> int:
    """Send the logs; return the exit code."""
    site = os.environ.get("DIRACSITE", "DIRAC")
    client = ProvClient(
        os.environ["PROVTAP_URL"],
        os.environ.get("PROVTAP_TOKEN"),
        site=site,
        spool="provtap-spool",
    )
    job = {name: os.environ[name] for name in JOB_VARIABLES if os.environ.get(name)}
    maps = {str(Path.cwd() / name): f"lfn:{lfn}" for name, lfn in logical_names().items()}
    refused = 0
    for log in map(Path, sys.argv[1:] or sorted(map(str, Path().glob("*.provenance.log")))):
        try:
            report = client.send_document(log, maps=maps)
            for run in activities(log):
                for name, value in job.items():
                    client.add_parameter(name, value, run)
            client.send()
        except (ProvError, OSError, ValueError) as error:
            print(f"{log}: {error}", file=sys.stderr)
            refused += 1
        else:
            print(f"{log}: {'waits in the spool' if report is None else f'{report.new} rows new'}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
