"""Attributes as pydantic models: the checks of values in documents, and their JSON schemas.

Pydantic finds the errors and their positions; this module turns them into sentences.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticCustomError

from provtap.errors import nearest
from provtap.ingest.model.attributes import Attribute
from provtap.ingest.parsing.json import canonical
from provtap.ingest.parsing.node import KINDS, utc

Json = dict[str, Any]
Location = tuple[int | str, ...]
"""Keys and indexes that lead to a value of a document."""
Fields = Mapping[str, tuple[Any, Any]]
"""Types and rules of the attributes of a model, by their names."""

_TIME: Json = {"type": "string", "minLength": 1, "description": "ISO 8601, in UTC unless it has an offset."}
_VALUE: Json = {"description": "A text; anything else is kept as its JSON text."}
_ONE, _SEVERAL = "one of them", "several of them"
_EXPECTED = {"string_type": "a text", "int_type": "a whole number", "float_type": "a number"}


@dataclass(frozen=True)
class Problem:
    """An error in a document, and its position."""

    kind: Literal["unknown", "missing", "wrong"]
    location: Location
    rule: str
    """The end of a sentence about the value."""
    hint: str | None = None


# Models


def checked(name: str, about: str, of: Fields) -> type[BaseModel]:
    """Return the model of objects with these attributes and no others."""
    config = ConfigDict(strict=True, extra="forbid", validate_by_name=False)
    fields: Any = of
    return create_model(name, __config__=config, __doc__=about, **fields)


def json_fields(attributes: Iterable[Attribute]) -> Fields:
    """Return the attributes of a model of JSON objects; null is not allowed as a value."""
    return {each.name: (_of_json(each), _field(each)) for each in attributes}


def _field(attribute: Attribute, alias: str | None = None) -> Any:
    absent: Any = [] if attribute.kind == "texts" else None
    return Field(... if attribute.needed else absent, description=attribute.about, alias=alias)


def _of_json(attribute: Attribute) -> Any:
    text: Any = text_type(attribute.limit, empty=not attribute.needed and attribute.kind == "text")
    if attribute.choices:
        return choice_type(attribute.choices)
    types: dict[str, Any] = {
        "text": text,
        "id": text,
        "time": Annotated[datetime, PlainValidator(_instant), WithJsonSchema(_TIME)],
        "whole": Annotated[int, Field(ge=-(2**31), le=2**31 - 1)],
        "bytes": Annotated[int, Field(ge=0, le=2**63 - 1)],
        "number": Annotated[float, Field(ge=0)],
        "value": Annotated[Any, BeforeValidator(_as_text), WithJsonSchema(_VALUE)],
        "texts": array_of(text_type()),
        "ids": Annotated[
            Annotated[text, Tag(_ONE)] | Annotated[array_of(text), Tag(_SEVERAL)],
            Discriminator(lambda given: _ONE if isinstance(given, str) else _SEVERAL),
            AfterValidator(lambda given: [given] if isinstance(given, str) else given),
        ],
    }
    return types[attribute.kind]


def text_fields(attributes: Iterable[Attribute]) -> Fields:
    """Return the attributes of a model whose values are non-empty texts, as in YAML."""
    return {each.field: (_of_texts(each), _field(each, alias=each.name)) for each in attributes}


def _of_texts(attribute: Attribute) -> Any:
    if attribute.choices:
        return choice_type(attribute.choices)
    text = text_type(attribute.limit)
    return array_of(text) if attribute.kind == "texts" else text


def array_of(type_: Any, *rules: Any) -> Any:
    """Return the type of arrays of a type made at run time."""
    return Annotated[list[type_], *rules] if rules else list[type_]


def text_type(limit: int | None = None, *, empty: bool = False) -> Any:
    """Return the type of storable texts of at most *limit* bytes."""
    rules = Field(min_length=None if empty else 1, max_length=limit)
    return Annotated[str, rules, AfterValidator(_storable(limit))]


def pattern_type(pattern: str, example: str, limit: int | None = None) -> Any:
    """Return the type of texts that match a pattern; *example* shows its form."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise rule(f"cannot be {text!r}", f"Write it like {example}.")
        return text

    extra = Field(json_schema_extra={"pattern": f"^({pattern})$"})
    return Annotated[text_type(limit), AfterValidator(check), extra]


def _storable(limit: int | None) -> Callable[[str], str]:
    def check(text: str) -> str:
        if limit and len(text) * 4 > limit and len(text.encode()) > limit:
            raise PydanticCustomError("string_too_long", "", {"max_length": limit})
        if "\0" in text:
            raise PydanticCustomError("string_unicode", "")
        return text

    return check


def choice_type(choices: Sequence[str]) -> Any:
    """Return the type of texts that are one of *choices*."""

    def check(given: Any) -> str:
        if given not in choices:
            raise rule(f"must be one of {', '.join(choices)}", nearest(str(given), choices))
        return str(given)

    return Annotated[str, BeforeValidator(check), WithJsonSchema({"enum": list(choices)})]


def rule(sentence_end: str, hint: str | None = None) -> PydanticCustomError:
    """Return the error of a validator: the end of a sentence about the value."""
    return PydanticCustomError("rule", "", {"rule": sentence_end, "hint": hint})


def _instant(given: Any) -> datetime:
    if not isinstance(given, str):
        raise PydanticCustomError("string_type", "")
    if not given:
        raise PydanticCustomError("string_too_short", "")
    try:
        return utc(given)
    except ValueError as error:
        raise rule(str(error)) from error


def _as_text(given: Any) -> str:
    return given if isinstance(given, str) else canonical(given)


# Problems


def problems(
    error: ValidationError, model: type[BaseModel], kinds: Mapping[type, str] = KINDS
) -> list[Problem]:
    """Return the errors; *kinds* are the names of types in the format of the document."""
    return [_problem(each, model, kinds) for each in error.errors(include_url=False)]


def _problem(error: Any, model: type[BaseModel], kinds: Mapping[type, str]) -> Problem:
    location = tuple(step for step in error["loc"] if step not in {_ONE, _SEVERAL})
    given, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            known = _names(model, location[:-1])
            hint = nearest(str(location[-1]), known) or f"Valid names are {', '.join(known)}."
            return Problem("unknown", location, f"has no attribute {str(location[-1])[:60]!r}", hint)
        case "missing":
            return Problem("missing", location, "is missing")
        case "rule":
            return Problem("wrong", location, context["rule"], context["hint"])
        case "string_too_short":
            return Problem("wrong", location, "is empty")
        case "string_too_long":
            size, limit = len(given.encode()), context["max_length"]
            return Problem("wrong", location, f"has {size} bytes; the limit is {limit}")
        case "greater_than_equal" | "less_than_equal":
            negative = context.get("ge") == 0
            return Problem("wrong", location, "must not be negative" if negative else "is out of range")
        case "string_unicode":
            return Problem("wrong", location, "contains a character that cannot be stored")
    kind = kinds[type(given)]
    expected = _EXPECTED.get(error["type"]) or kinds[list if error["type"] == "list_type" else dict]
    return Problem("wrong", location, f"must be {expected}, not {kind}")


def _names(model: Any, location: Location) -> list[str]:
    """Return the names of the attributes allowed in the object at *location*."""
    for step in location:
        if isinstance(step, str):
            [model] = get_args(next(f.annotation for name, f in _named(model) if name == step))
    return [name for name, _ in _named(model)]


def _named(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    return ((f.alias or name, f) for name, f in model.model_fields.items())


# Schemas


class Schemas(GenerateJsonSchema):
    """JSON schemas without titles and defaults, which would only repeat the name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Omit titles of attributes."""
        return False

    def default_schema(self, schema: Any) -> Json:
        """Return the schema of the value, without its default."""
        return self.generate_inner(schema["schema"])


class TextSchemas(Schemas):
    """JSON schemas of texts that a parser of YAML may take for numbers or truth values."""

    def str_schema(self, schema: Any) -> Json:
        """Return the schema of a text."""
        return super().str_schema(schema) | {"type": ["string", "number", "boolean"]}
