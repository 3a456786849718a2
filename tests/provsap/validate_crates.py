"""Prints what roc-validator and ro-crate-py say about crates, as JSON.

The interpreter of their own environment runs this, without a network: so the terms of the contexts stand in
the crates that it is given.
"""

import json
import logging
import sys

from rocrate.rocrate import ROCrate
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings

logging.disable(logging.CRITICAL)
answers = {}
for path in sys.argv[1:]:
    crate = ROCrate(path)
    profiles = ["process-run-crate", *(["workflow-ro-crate"] if crate.mainEntity else [])]
    issues = []
    for profile in profiles:
        settings = ValidationSettings(
            rocrate_uri=path,
            profile_identifier=profile,
            requirement_severity=Severity.RECOMMENDED,
            no_cache=True,
        )
        issues += services.validate(settings).get_issues()
    answers[path] = {
        "issues": [[each.severity.name, each.check.name, str(each.message)] for each in issues],
        "profiles": profiles,
        "actions": len([each for each in crate.get_entities() if each.type == "CreateAction"]),
        "files": sorted(each.id for each in crate.data_entities),
    }
print(json.dumps(answers))
