"""The description of the write API for programs (OpenAPI 3.1), made from the tables that the code uses.

Routes come from `routes.py`, options from `storing.py`, and the attributes of records from `ingest/model`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provtap import __version__
from provtap.ingest import format_names
from provtap.ingest.model.checks import Schemas
from provtap.ingest.readers.records.classes import CLASSES, Class
from provtap.ingest.readers.records.parse import MODELS
from provtap.provsap.request import PARAMETERS
from provtap.web.api import comparison
from provtap.web.api.idempotency import HEADER, KEPT
from provtap.web.api.reads import LIMIT, may_be_asked
from provtap.web.api.storing import DESCRIPTION_OPTIONS, OPTIONS, RECORD_OPTIONS, REPEATED

if TYPE_CHECKING:
    from provtap.web.api.routes import Route

Json = dict[str, Any]

_COUNTS = ("new", "updated", "unchanged")
_RULE = re.compile(r"<(?:\w+:)?(\w+)>")
_REFUSALS = {
    "400": "The request, or what it tells, is wrong: one sentence, and where. Nothing is stored.",
    "401": "It needs an account, or the token is wrong.",
    "403": "The token has not the scope that this needs.",
    "404": "There is no such thing.",
    "413": "The body or the answer is too large.",
    "415": "The body is wrapped in something.",
    "422": f"The {HEADER} was already used with a different request.",
    "503": "The service is closed, or its database away: try again after the seconds of Retry-After.",
}


def document(routes: Iterable["Route"], url: str) -> Json:
    """Return the description of *routes*, which live at *url*."""
    paths: dict[str, Json] = {}
    for route in routes:
        path = _RULE.sub(lambda found: f"{{{found[1].rstrip('_')}}}", route.rule)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    schemas = {each.name: _class_schema(each) for each in CLASSES} | _common_schemas()
    schemes = {"bearer": {"type": "http", "scheme": "bearer", "description": "provtap token create"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ProvTAP",
            "version": __version__,
            "description": "Provenance in the words of the IVOA's ProvenanceDM 1.0.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }


def _operation(route: "Route") -> Json:
    writes = route.method != "GET"
    statuses = ["400", "401", "403", "503"] + (["413", "415", "422"] if writes else ["404"])
    answers = {"200": _answer("Done; nothing new is stored by this." if writes else "Found.", route)}
    if writes:
        answers["201"] = _answer("Stored.", route)
    answers |= {status: _refusal(_REFUSALS[status]) for status in sorted(statuses)}
    operation: Json = {
        "operationId": route.name,
        "summary": (route.view.__doc__ or "").strip().partition("\n")[0],
        "parameters": _parameters(route),
        "responses": answers,
        "security": [{"bearer": []}] if writes or route.private else [{}, {"bearer": []}],
    }
    return operation | ({"requestBody": _body(route)} if writes else {})


def _parameters(route: "Route") -> list[Json]:
    found = [_parameter("path", name.rstrip("_"), required=True) for name in _RULE.findall(route.rule)]
    if route.method != "GET":
        names = {"DOCUMENT": tuple(OPTIONS), "DESCRIPTIONS": DESCRIPTION_OPTIONS}.get(
            route.takes.name, RECORD_OPTIONS
        )
        found += [
            _parameter("query", name, about=OPTIONS[name], choices=format_names() if name == "format" else ())
            for name in names
        ]
        about = f"The same key with the same request brings the same answer, for {KEPT} days."
        found.append(_parameter("header", HEADER, about=about))
    elif route.gives == "Found" and route.of is not None:
        found += [
            _parameter("query", attribute.name)
            for attribute in route.of.attributes
            if may_be_asked(attribute)
        ]
        found.append(_parameter("query", LIMIT, about="Records, at most."))
    elif route.gives == "Graph":
        ids = set() if "<" not in route.rule else {"ID", "TARGET"}
        found += [
            _parameter("query", name, about=about) for name, about in PARAMETERS.items() if name not in ids
        ]
    elif route.gives == "Comparison":
        choices = {"format": tuple(comparison.MEDIA_TYPES)}
        found += [
            _parameter(
                "query", name, required=name not in choices, about=about, choices=choices.get(name, ())
            )
            for name, about in comparison.PARAMETERS.items()
        ]
    return found


def _parameter(
    place: str, name: str, *, required: bool = False, about: str = "", choices: Sequence[str] = ()
) -> Json:
    schema: Json = {"type": "string"} | ({"enum": list(choices)} if choices else {})
    if place == "query" and name in REPEATED:
        schema = {"type": "array", "items": schema}
    return {"in": place, "name": name, "required": required, "schema": schema} | (
        {"description": about} if about else {}
    )


def _body(route: "Route") -> Json:
    one = {"$ref": f"#/components/schemas/{route.of.name}"} if route.of else {}
    schemas: Mapping[str, Json] = {
        "RECORDS": {"$ref": "#/components/schemas/Records"},
        "SOME": _one_or_more(one),
        "ONE": one,
    }
    if route.takes.name == "DOCUMENT":
        return {"required": True, "content": {"application/octet-stream": {}}}
    if route.takes.name == "EVENTS":
        return {"required": True, "content": {"application/json": {}}}
    if route.takes.name == "DESCRIPTIONS":
        return {"required": True, "content": {"application/yaml": {}}}
    return {"required": True, "content": {"application/json": {"schema": schemas[route.takes.name]}}}


def _answer(about: str, route: "Route") -> Json:
    schema = {"$ref": f"#/components/schemas/{route.gives}"}
    if route.gives == "Found" and route.of is not None:
        one = {"$ref": f"#/components/schemas/{route.of.name}"}
        records = {"type": "array", "items": one}
        schema = _object({"records": records, "overflow": {"type": "boolean"}})
    elif route.gives in {"Graph", "Description", "Batch"}:
        schema = {"type": "object"}
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def _refusal(about: str) -> Json:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def _class_schema(each: Class) -> Json:
    schema: Json = MODELS[each.name].model_json_schema(schema_generator=Schemas)
    if each.general:
        about = {"type": "string", "readOnly": True, "description": "The class of the record."}
        schema["properties"]["class"] = about
    return schema


def _common_schemas() -> Json:
    some = {each.name: _one_or_more({"$ref": f"#/components/schemas/{each.name}"}) for each in CLASSES}
    texts = {"type": "array", "items": {"type": "string"}}
    document = {"source": {"type": "string"}, "format": {"type": "string"}}
    counts = {name: {"type": "integer", "description": f"Rows {name}."} for name in _COUNTS}
    counts["stubs"] = {
        "type": "integer",
        "description": "Things that are known only because others name them.",
    }
    records = {"type": "integer", "description": "Records of activities, repetitions included."}
    return {
        "Records": {"type": "object", "properties": some, "additionalProperties": False},
        "Report": _object(
            {"ingestion": {"type": ["integer", "null"]}}
            | document
            | {"known": {"type": "boolean"}, "records": records, "activities": {"type": "integer"}}
            | counts
            | {"warnings": texts, "conflicts": texts}
        ),
        "Described": _object(
            {
                "source": {"type": "string"},
                "name": {"type": "string"},
                "version": {"type": "integer"},
                "before": {"type": ["integer", "null"], "description": "The version that it replaced."},
                "lines": texts | {"description": "What changed."},
                "activities": {"type": "integer", "description": "Activity descriptions of the set."},
                "linked": {"type": "integer", "description": "Things that got another description."},
                "warnings": texts,
            }
        ),
        "Comparison": _comparison(),
        "Ingestion": _object(
            {"ingestion": {"type": "integer"}}
            | document
            | {"sha256": {"type": "string"}, "time": {"type": "string"}}
            | counts
            | {"conflicts": {"type": "integer"}, "warnings": texts, "undone": {"type": ["string", "null"]}}
        ),
        "Error": _object({"error": _error_schema()}),
    }


def _comparison() -> Json:
    value = {"type": ["string", "null"]}
    side = _object({"activity": {"type": "string"}, "product": value, "program": value, "version": value})
    step = _object(
        {
            "program": value,
            "a": {"type": "string", "description": "The earlier run of a."},
            "b": {"type": "string", "description": "The earlier run of b that it is compared with."},
            "runs": {"type": "integer", "description": "Pairs of runs that differ in the same way."},
        }
    )
    difference = _object({"name": {"type": "string"}, "a": value, "b": value})
    difference["properties"]["step"] = step
    differences = {"type": "array", "items": difference}
    return _object(
        {"a": side, "b": side, "equal": {"type": "boolean"}}
        | {name: differences for name in ("parameters", "inputs", "software", "steps", "equal_as_numbers")}
    )


def _one_or_more(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def _error_schema() -> Json:
    always = {"status": {"type": "integer"}, "message": {"type": "string"}}
    where = {
        "line": {"type": "integer"},
        "column": {"type": "integer"},
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901)."},
        "hint": {"type": "string"},
    }
    return _object(always) | {"properties": always | where}


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
