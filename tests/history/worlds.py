"""Small documents at random about few things, so that they contradict, replace and complete each other."""

import random
from typing import Any

from tests.ingest.logs import file, header, run, uuid_of

DIGESTS = ("6b896a6708995a073c151fd6b88252fba34fac1d", "8b3ffcb5d8082e3078dbbaa4e829cb29dbc3c588")
PLACES = ("/a.fits", "/b.fits", "/c/a.fits")
ROLES = ("raw", "flat", None)


def world(seed: int, number: int) -> list[Any]:
    """Return so many documents, as JSON values."""
    at_random = random.Random(seed)
    kinds = (_records, _records, _records, _command, _log, _withdrawal, _swapped)
    return [at_random.choice(kinds)(at_random) for _ in range(number)]


def _time(second: int) -> str:
    return f"2026-01-01T00:00:{second:02}Z"


def _some(at_random: random.Random, of: list[Any], most: int = 3) -> list[Any]:
    return at_random.sample(of, at_random.randint(0, min(most, len(of))))


def _records(at_random: random.Random) -> dict[str, Any]:
    """Return records of the write API: an activity with its relations, and other statements."""
    pick = at_random.choice
    activity, other = (f"urn:x:a{n}" for n in at_random.sample(range(5), 2))
    entities = [f"urn:x:e{n}" for n in at_random.sample(range(7), 4)]
    start = at_random.randrange(30)
    description, kind = f"urn:x:d{at_random.randrange(3)}", pick(["Main", "Context"])
    parameter = f"urn:x:p{at_random.randrange(3)}"
    optional = {
        "ActivityDescription": [
            {"id": description, "name": "tool", "version": pick("12"), "description": pick("pq")}
        ],
        "UsageDescription": [
            {"id": f"{description}/raw", "activityDescription": description, "role": "raw", "type": kind}
        ],
        "Used": [{"activity": activity, "entity": e, "role": pick(ROLES)} for e in _some(at_random, entities)]
        + [{"activity": activity, "location": pick(PLACES), "role": "read"}],
        "WasGeneratedBy": [{"activity": activity, "entity": e} for e in _some(at_random, entities)]
        + [{"activity": activity, "location": pick(PLACES), "role": "written"}],
        "WasDerivedFrom": [{"generatedEntity": entities[0], "usedEntity": entities[1]}],
        "WasInformedBy": [{"informed": activity, "informant": other}],
        "HadMember": [{"collection": entities[2], "entity": entities[3]}],
        "WasAttributedTo": [{"entity": entities[0], "agent": f"urn:x:g{at_random.randrange(2)}"}],
        "WasAssociatedWith": [{"activity": activity, "agent": f"urn:x:g{at_random.randrange(2)}"}],
        "Parameter": [{"id": parameter, "activity": activity, "name": "t", "value": pick("12")}],
        "Run": [{"activity": activity, "status": pick(["completed", "error"])}],
    }  # fmt: skip
    told = {name: optional[name] for name in _some(at_random, list(optional), 6)}
    described = {"activityDescription": description} if "ActivityDescription" in told else {}
    if "UsageDescription" in told:
        told["ActivityDescription"] = optional["ActivityDescription"]
    activities = {
        activity: {
            "id": activity,
            "name": pick("mn"),
            "startTime": _time(start),
            "endTime": _time(start + 20),
        }
        | described
    }
    named = [
        {"id": e, "name": pick("uvw"), "location": pick([None, *PLACES])} for e in _some(at_random, entities)
    ]
    agents = [
        {"id": f"urn:x:g{n}", "name": pick("xy"), "email": pick(["a@x.org", "b@x.org"])} for n in (0, 1)
    ]
    return {"Activity": [*activities.values(), {"id": other}], "Agent": agents, "DatasetEntity": named} | told


def _command(at_random: random.Random) -> dict[str, Any]:
    """Return the record of one command: files at places, with their checksums."""
    start = at_random.randrange(40)

    def content(place: str) -> dict[str, Any]:
        return {"path": place, "size": 7, "checksums": {"sha1": at_random.choice(DIGESTS)}}

    return {
        "provtap_run": 1,
        "id": uuid_of("command", at_random.randrange(6)),
        "name": "command",
        "start": _time(start),
        "end": _time(start + at_random.randrange(10)),
        "used": [content(place) for place in _some(at_random, list(PLACES), 2)],
        "generated": [content(place) for place in _some(at_random, list(PLACES), 1)],
    }


def _log(at_random: random.Random) -> list[Any]:
    """Return a log of ctapipe, perhaps with the headers of products."""
    start = at_random.randrange(40)

    def one(place: str) -> dict[str, Any]:
        about = header(at_random.randrange(3), at_random.randrange(3), start)
        return file(place, at_random.choice(ROLES), at_random.choice([None, about]))

    number = at_random.randrange(4)
    return [
        run(
            number,
            start,
            start + at_random.randrange(10),
            input=[one(place) for place in _some(at_random, list(PLACES), 2)],
            output=[one(place) for place in _some(at_random, list(PLACES), 1)],
        )
    ]


def _withdrawal(at_random: random.Random) -> dict[str, Any]:
    given = {"agent": {"id": "urn:x:g0", "name": "Maria"}, "time": _time(at_random.randrange(60))}
    entity = f"urn:x:e{at_random.randrange(7)}"
    if at_random.random() < 0.4:
        return {"provtap_withdrawal": 1} | given | {"reinstate": [entity]}
    more = {
        "withdraw": [entity],
        "kind": "defective",
        "reason": "x",
        "successor": f"urn:x:e{at_random.randrange(7)}",
    }
    return {"provtap_withdrawal": 1} | given | more


def _swapped(at_random: random.Random) -> dict[str, Any]:
    """Return a PROV document that may use an entity as an activity."""
    ids = [f"x:{kind}{at_random.randrange(4)}" for kind in "ae"]
    if at_random.random() < 0.3:
        ids.reverse()
    activity, entity = ids
    return {
        "prefix": {"x": "urn:x:"},
        "activity": {activity: {}},
        "entity": {entity: {"prov:label": at_random.choice("kl")}},
        "used": {"_:u": {"prov:activity": activity, "prov:entity": entity}},
    }
