"""The OpenAPI 3.1 description of the write API, made from the tables that the code uses.

Routes come from `routes.py`, options from `storing.py`, and the attributes of records from `ingest/model`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provtap import __version__
from provtap.export import NOT_OF_INGESTIONS
from provtap.ingest import format_names
from provtap.ingest.model.checks import Schemas
from provtap.ingest.readers.records.classes import CLASSES, Class
from provtap.ingest.readers.records.parse import MODELS
from provtap.ingest.readers.withdrawal import KINDS
from provtap.provsap.request import PARAMETERS
from provtap.web.api import comparison, recipes
from provtap.web.api.idempotency import HEADER, KEPT
from provtap.web.api.reads import LIMIT, may_be_asked
from provtap.web.api.storing import DESCRIPTION_OPTIONS, OPTIONS, RECORD_OPTIONS, REPEATED

if TYPE_CHECKING:
    from provtap.web.api.routes import Route

Json = dict[str, Any]

_COUNTS = ("new", "updated", "unchanged")
_OF_TEXTS = {"Comparison": comparison, "Recipe": recipes}
"""Modules with the parameters of requests that return a text, by what they return."""
_RULE = re.compile(r"<(?:\w+:)?(\w+)>")
_REFUSALS = {
    "400": "Invalid request or document; the body has a sentence and a position. Nothing is stored.",
    "401": "The request needs an account, or the token is wrong.",
    "403": "The token does not have the required scope.",
    "404": "The record or ingestion does not exist.",
    "413": "The body or the response is too large.",
    "415": "The body is a form, or compressed in an unsupported way.",
    "422": f"The {HEADER} was already used with a different request.",
    "503": "The service is under maintenance, or its database is down: repeat the request after Retry-After.",
}


def document(routes: Iterable["Route"], url: str) -> Json:
    """Return the description of *routes* at *url*."""
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
            "description": "Provenance with the classes of the IVOA's ProvenanceDM 1.0.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }


def _operation(route: "Route") -> Json:
    writes = route.method != "GET"
    statuses = ["400", "401", "403", "503"] + (["413", "415", "422"] if writes else ["404"])
    answers = {"200": _answer("Done; nothing new was stored." if writes else "Found.", route)}
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
        names = {
            "DOCUMENT": tuple(OPTIONS),
            "DESCRIPTIONS": DESCRIPTION_OPTIONS,
            "WITHDRAWAL": (),
            "REINSTATEMENT": (),
        }.get(route.takes.name, RECORD_OPTIONS)
        found += [
            _parameter("query", name, about=OPTIONS[name], choices=format_names() if name == "format" else ())
            for name in names
        ]
        about = f"Repeating the request with the same key returns the same response, for {KEPT} days."
        found.append(_parameter("header", HEADER, about=about))
    elif route.gives == "Found" and route.of is not None:
        found += [
            _parameter("query", attribute.name)
            for attribute in route.of.attributes
            if may_be_asked(attribute)
        ]
        found.append(_parameter("query", LIMIT, about="Records, at most."))
    elif route.gives == "Graph":
        left_out = NOT_OF_INGESTIONS if "<" in route.rule else ()
        found += [
            _parameter("query", name, about=about)
            for name, about in PARAMETERS.items()
            if name not in left_out
        ]
    elif route.gives in _OF_TEXTS:
        texts = _OF_TEXTS[route.gives]
        choices = {"format": tuple(texts.MEDIA_TYPES)}
        found += [
            _parameter(
                "query", name, required=name not in choices, about=about, choices=choices.get(name, ())
            )
            for name, about in texts.PARAMETERS.items()
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
        "WITHDRAWAL": {"$ref": "#/components/schemas/Withdrawal"},
        "REINSTATEMENT": {"$ref": "#/components/schemas/Reinstatement"},
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
    elif route.gives == "Recipe":
        text = {"schema": {"type": "string"}}
        return {"description": about, "content": {each: text for each in recipes.MEDIA_TYPES.values()}}
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
        "description": "Things that are only referred to, without a record.",
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
                "before": {"type": ["integer", "null"], "description": "The version that was replaced."},
                "lines": texts | {"description": "What changed."},
                "activities": {"type": "integer", "description": "Activity descriptions in the set."},
                "linked": {"type": "integer", "description": "Things whose description changed."},
                "warnings": texts,
            }
        ),
        "Comparison": _comparison(),
        "Withdrawal": _withdrawal_schema(needed=("reason",), **_OF_WITHDRAWALS),
        "Reinstatement": _withdrawal_schema(needed=()),
        "Withdrawn": _object(
            {
                "ingestion": {"type": ["integer", "null"]},
                "activity": {"type": "string", "description": "The activity that it is recorded as."},
                "entities": texts,
                "affected": {"type": "integer", "description": "Products that were made from these."},
            }
        ),
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


_OF_WITHDRAWALS: dict[str, Json] = {
    "kind": {"type": "string", "enum": list(KINDS), "default": KINDS[0]},
    "since": {"type": "string", "description": "Since when they are not valid, ISO 8601; default: now."},
    "successor": {"type": "string", "description": "Id or name of the entity to use instead."},
}


def _withdrawal_schema(needed: Iterable[str], **more: Json) -> Json:
    """Return the schema of what to withdraw, or to reinstate."""
    ids = {"type": "array", "items": {"type": "string"}, "description": "Ids, paths or other names."}
    query = {"type": "string", "description": "Instead of ids: ADQL whose first column has ids."}
    confirm = {"type": "boolean", "description": "Whether the query may select more than one entity."}
    return {
        "type": "object",
        "properties": {
            "ids": ids,
            "query": query,
            "confirm": confirm,
            "reason": {"type": "string"},
            "agent": {"type": "string", "description": "Id of who does it; default: that of the account."},
            "dryRun": {"type": "boolean"},
        }
        | more,
        "required": list(needed),
        "additionalProperties": False,
    }


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
