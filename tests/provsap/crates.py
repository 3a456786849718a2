"""Stores whose provenance is hard to write as a crate."""

import json
import uuid
from random import Random
from typing import Any

from provtap.ingest import ingest_content
from provtap.ingest.withdrawals import Agent, Selection, withdraw

Json = dict[str, Any]
HOSTILE = "a 'b' \"c\" #é?%20&<d>\\e\n../\u202ef"
"""A name with characters that JSON, IRIs and file names treat in some special way."""
ORCID = "https://orcid.org/0000-0002-1825-0097"
DIGEST = f"{uuid.UUID(int=7).hex}{uuid.UUID(int=8).hex}"


def chain(start, *steps):
    """Return records of runs, each with the files (id, role) that it used and generated."""
    return {
        "Activity": [
            {"id": id_, "name": "tool", "startTime": "2026-01-01T00:00:00.25", "endTime": "2026-01-02"}
            for id_, _, _ in steps
        ],
        "DatasetEntity": [{"id": i} for _, used, made in steps for i, _ in (*used, *made)],
        "Used": [
            {"activity": id_, "entity": entity} | ({"role": role} if role else {})
            for id_, used, _ in steps
            for entity, role in used
        ],
        "WasGeneratedBy": [
            {"activity": id_, "entity": entity} | ({"role": role} if role else {})
            for id_, _, made in steps
            for entity, role in made
        ],
    } | start


def everything():
    """Return records of all classes with all attributes, so that each table of the model has rows."""
    run, product, raw = "urn:x:run", "urn:x:product", "urn:x:raw"
    return {
        "Agent": [
            {"id": "urn:x:maria", "name": "Maria", "type": "Person", "email": "maria@example.org",
             "affiliation": "Observatory", "phone": "+41 1", "address": "Road 1", "url": "https://x.org/maria",
             "comment": "on call", "identifiers": [ORCID]},
            {"id": "https://orcid.org/0000-0001-5109-3700", "name": "Ada", "type": "Person"},
            {"id": "urn:x:nobody", "name": "Nobody"},
            {"id": "urn:x:robot", "name": "Robot", "type": "SoftwareAgent"},
            {"id": "urn:x:institute", "name": "Institute", "type": "Organization"},
        ],
        "ActivityDescription": [
            {"id": "urn:x:program", "name": "reduce", "version": "1.0", "description": "Reduces.",
             "docurl": "https://x.org/reduce", "type": "Reduction", "subtype": "fast"},
        ],
        "DatasetDescription": [{"id": "urn:x:kind", "name": "image", "contentType": "application/fits"}],
        "UsageDescription": [
            {"id": "urn:x:in", "activityDescription": "urn:x:program", "role": "raw", "type": "Main"}
        ],
        "ParameterDescription": [
            {"id": "urn:x:pd", "activityDescription": "urn:x:program", "name": "gain", "valueType": "double"}
        ],
        "Activity": [
            {"id": run, "name": "reduce", "startTime": "2026-01-01T00:00:00.123456", "endTime": "2026-01-03",
             "comment": "a remark", "activityDescription": "urn:x:program"},
            {"id": "urn:x:around", "name": "night"},
            {"id": "urn:x:again", "name": "reduce", "activityDescription": "urn:x:program"},
        ],
        "Run": [
            {"activity": run, "status": "completed", "exitCode": 0, "host": "node1", "duration": 1.5},
            {"activity": "urn:x:around", "status": "interrupted"},
            {"activity": "urn:x:again", "status": "error"},
        ],
        "DatasetEntity": [
            {"id": raw, "name": "raw.fits", "location": "/data/raw.fits", "license": "https://x.org/CC-BY",
             "rights": "CC BY", "rightsHolder": "Institute", "identifiers": ["doi:10.5281/zenodo.1"],
             "entityDescription": "urn:x:kind"},
            {"id": product, "name": "product.fits", "generatedAtTime": "2026-01-02", "comment": "good",
             "invalidatedAtTime": "2026-02-01", "rights": "ask first"},
        ],
        "Entity": [{"id": "urn:x:lamp", "name": "lamp"}],
        "ValueEntity": [
            {"id": "urn:x:seeing", "name": "seeing", "value": "0.8"},
            {"id": "urn:x:weather", "name": "weather", "value": "clear"},
        ],
        "Collection": [{"id": "urn:x:set", "name": "night"}],
        "HadMember": [{"collection": "urn:x:set", "entity": each} for each in (raw, product)],
        "Used": [
            {"activity": run, "entity": raw, "role": "raw", "time": "2026-01-01T10:00:00",
             "checksums": [f"sha256:{DIGEST}", "adler32:00000001"], "size": 12},
            {"activity": "urn:x:again", "entity": raw, "role": "raw"},
            {"activity": run, "entity": "urn:x:lamp", "role": "light"},
            {"activity": "urn:x:again", "entity": "urn:x:lamp", "role": "heat"},
            {"activity": run, "entity": "urn:x:seeing", "role": "seeing"},
            {"activity": "urn:x:around", "entity": "urn:x:set"},
            {"activity": run, "location": "https://x.org/flat.fits", "role": "flat"},
        ],
        "WasGeneratedBy": [
            {"activity": run, "entity": product, "role": "image", "checksums": [f"md5:{DIGEST[:32]}"]},
            {"activity": run, "entity": "urn:x:weather", "role": "quality"},
            {"activity": run, "location": "https://x.org/out.fits", "time": "2026-01-03"},
        ],
        "WasDerivedFrom": [{"generatedEntity": product, "usedEntity": raw}],
        "WasInformedBy": [{"informed": run, "informant": "urn:x:around"}],
        "WasAssociatedWith": [
            {"activity": run, "agent": "urn:x:maria", "role": "Operator"},
            {"activity": run, "agent": "https://orcid.org/0000-0001-5109-3700"},
            {"activity": run, "agent": "urn:x:robot", "role": "Engine"},
            {"activity": "urn:x:again", "agent": "urn:x:nobody", "role": "Operator"},
        ],
        "WasAttributedTo": [
            {"entity": product, "agent": "urn:x:maria", "role": "Creator"},
            {"entity": product, "agent": "urn:x:institute"},
            {"entity": raw, "agent": "urn:x:institute", "role": "Contact"},
        ],
        "Parameter": [
            {"activity": run, "name": "gain", "value": 2, "valueEntity": "urn:x:seeing"},
            {"activity": run, "name": "command_line", "value": "reduce -x raw.fits"},
            {"activity": "urn:x:again", "name": "command_line", "value": "reduce raw.fits"},
        ],
        "ConfigFile": [{"activity": run, "name": "conf.yaml", "location": "/data/conf.yaml"}],
    }  # fmt: skip


def hostile():
    """Return records whose ids and names are hostile, also ids that mean something in a crate."""
    ids = (
        HOSTILE,
        "./",
        "ro-crate-metadata.json",
        "https://x.org/a?b#c",
        "urn:x-provtap:id:y",
        "y",
        "#license",
    )
    names = ("https://x.org/name", "#main/x", "./", HOSTILE)
    return chain(
        {
            "Agent": [
                {"id": "y", "name": HOSTILE, "type": "Person", "affiliation": HOSTILE},
                {"id": "doi:10.1/x", "name": "#license", "type": "Organization"},
                {"id": "https://x.org/a?b#c", "name": "x", "type": "Person", "url": HOSTILE},
            ],
            "Activity": [
                {"id": f"run {HOSTILE}", "name": HOSTILE, "comment": HOSTILE},
                {"id": "https://x.org/run", "name": "https://x.org/run"},
                {"id": "run-3", "name": "#main/x", "comment": "Run of #main/x"},
            ],
            "DatasetEntity": [
                {"id": id_, "name": names[number % len(names)], "location": id_, "rights": HOSTILE}
                for number, id_ in enumerate(ids)
            ],
            "WasAssociatedWith": [
                {"activity": "run-3", "agent": "y", "role": "Operator"},
                {"activity": "run-3", "agent": "y", "role": HOSTILE},
                {"activity": "https://x.org/run", "agent": "doi:10.1/x"},
                {"activity": "https://x.org/run", "agent": "https://x.org/a?b#c"},
            ],
            "Parameter": [
                {"activity": "run-3", "name": HOSTILE, "value": HOSTILE},
                {"activity": "run-3", "id": "y/p", "name": "p", "value": "./"},
                {"activity": "https://x.org/run", "name": "p", "value": ""},
            ],
        },
        (f"run {HOSTILE}", [(ids[0], HOSTILE), (ids[1], None)], [(ids[2], "https://x.org/role")]),
        ("https://x.org/run", [(ids[2], "out/1"), (ids[3], "#r")], [(ids[4], HOSTILE)]),
        ("run-3", [(ids[0], HOSTILE), (ids[4], "x"), (ids[5], "x"), (ids[6], None)], [("urn:x:end", None)]),
    )


CYCLE = chain(
    {},
    ("urn:x:one", [("urn:x:b", "in")], [("urn:x:a", "out"), ("urn:x:c", None)]),
    ("urn:x:two", [("urn:x:a", "in"), ("urn:x:c", None)], [("urn:x:b", "out")]),
    ("urn:x:self", [("urn:x:log", "state"), ("urn:x:a", "in")], [("urn:x:log", "state")]),
)
"""Two runs that used what the other one generated, and one that used what it generated."""


def store_records(records, database, settings):
    ingest_content(json.dumps(records).encode(), "records", database, settings, format="records")


def withdraw_product(name, database, settings, tableset):
    maria = Agent("urn:x:maria", "Maria")
    selection = Selection(names=(name,), query=None, confirmed=True)
    withdraw(selection, database, tableset, settings, agent=maria, reason="The lamp failed.")


_TEXTS = (
    *("a", "b c", "./", "#x", "#license", "#main/b", "https://x.org/a", "https://x.org/a b", "urn:x:a"),
    *("URN:x:a", "urn:x-provtap:id:a", "urn:x-provtap:encoded:a", "urn:x-provtap:program:a", "doi:10.1/X"),
    *("https://doi.org/10.5281/zenodo.1", "ark:/12345/x", "2020A&A...635A.100N", "mailto:x@y.org", "%20"),
    *("https://w3id.org/ro/crate/1.1", "ro-crate-metadata.json", "/data/x", "file:///x", "c#d/e", "[]"),
    *("Run of a", "0000-0002-1825-0097", ORCID, "\"'<>&", "null", "true", "1", "x" * 400, "\n", "é\u202e"),
)


def at_random(random: Random) -> Json:
    """Return records of a small store, with ids, names and values from `_TEXTS`."""
    entities, activities = (random.sample(_TEXTS[part::2], random.randint(2, 6)) for part in (0, 1))
    agents = random.sample(_TEXTS, 3)
    programs = [f"{random.choice(['', 'urn:x:'])}program{number}" for number in range(2)]
    kinds = {
        each: random.choice(["DatasetEntity", "Entity", "ValueEntity", "Collection"]) for each in entities
    }

    def text() -> str:
        return random.choice(_TEXTS)

    def some(**attributes: Any) -> Json:
        return {name: value for name, value in attributes.items() if random.random() < 0.6}

    def entity(id_: str) -> Json:
        return {"id": id_} | some(
            name=text(),
            location=text(),
            comment=text(),
            generatedAtTime="2026-01-01",
            invalidatedAtTime="2026-01-03T00:00:00.5",
            license=random.choice(["https://x.org/CC", "urn:x:licence"]),
            rights=text(),
            rightsHolder=text(),
            identifiers=[f"doi:10.5281/zenodo.{random.randint(1, 3)}"],
        )

    def content() -> Json:
        digest = f"{random.choice(['sha256', 'md5', 'adler32'])}:{random.randint(0, 99):064x}"
        return some(checksums=[digest], size=random.randint(0, 3), role=text())

    pairs = [random.sample(entities, 2) for _ in range(3)]
    members = [pair for pair in pairs if kinds[pair[0]] == "Collection"]
    return {
        "Agent": [
            {"id": id_, "name": text()}
            | some(
                type=random.choice(["Person", "Organization", "SoftwareAgent"]),
                comment=text(),
                email="m@x.org",
            )
            | some(affiliation=text(), phone=text(), address=text(), url=text(), identifiers=[ORCID])
            for id_ in agents
        ],
        "ActivityDescription": [
            {"id": id_, "name": f"{text()}{number}"} | some(version=text(), description=text(), docurl=text())
            for number, id_ in enumerate(programs)
        ],
        "Activity": [
            {"id": id_, "startTime": f"2026-01-01T00:00:00.{random.randint(0, 999_999):06}"}
            | some(name=text(), comment=text(), endTime="2026-01-02")
            | ({"activityDescription": programs[number % 2]} if number < 4 else {})
            for number, id_ in enumerate(activities)
        ],
        "Run": [
            {"activity": id_, "host": "x"}
            | some(status=random.choice(["completed", "error", "running", "interrupted"]))
            for id_ in activities[1:]
        ],
        **{
            kind: [
                entity(id_) | ({"value": text()} if kind == "ValueEntity" else {})
                for id_ in entities
                if kinds[id_] == kind
            ]
            for kind in {*kinds.values()}
        },
        "HadMember": [{"collection": whole, "entity": part} for whole, part in members],
        "WasDerivedFrom": [{"generatedEntity": made, "usedEntity": used} for made, used in pairs],
        "Used": [
            {"activity": random.choice(activities), "entity": random.choice(entities)} | content()
            for _ in range(6)
        ],
        "WasGeneratedBy": [
            {"activity": random.choice(activities), "entity": id_} | content() for id_ in entities[1:]
        ],
        "WasInformedBy": [{"informed": activities[0], "informant": activities[1]}],
        "WasAssociatedWith": [
            {"activity": random.choice(activities), "agent": random.choice(agents)}
            | some(role=random.choice(["Operator", text()]))
            for _ in range(5)
        ],
        "WasAttributedTo": [
            {"entity": random.choice(entities), "agent": random.choice(agents)}
            | some(role=random.choice(["Creator", "Contact"]))
            for _ in range(4)
        ],
        "Parameter": [
            {"activity": id_, "name": name, "value": text()}
            for id_ in activities
            for name in random.sample(_TEXTS, 2)
        ],
    }
