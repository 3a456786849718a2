"""Mutants of documents of every kind that can be read: trees with other nodes, other words, other bytes."""

import ast
import copy
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy
import yaml
from lxml import etree

from provtap.config import Settings
from provtap.errors import DocumentError, TooLarge
from provtap.ingest.descriptions.file import read_descriptions
from provtap.ingest.documents.document import read, read_content
from provtap.ingest.documents.locations import read_location_map
from provtap.ingest.documents.packages import folder_document
from tests.ingest.test_product_header import write_ecsv, write_fits, write_hdf5

REFUSALS = (DocumentError, TooLarge)
_DATA = Path(__file__).parents[1] / "data"
_SAMPLES = Path(__file__).parents[2] / "provtap" / "ingest" / "samples"
_RUN = json.dumps(
    {
        **{"provtap_run": 1, "id": "9a3c1f4e-7a0e-4b57-9d3e-0c8f1f6f2a11", "name": "sh", "version": "1"},
        **{"parent": "9a3c1f4e-7a0e-4b57-9d3e-0c8f1f6f2a12", "command": ["sh", "-c", "true"]},
        **{"directory": "/d", "host": "h", "user": "u", "status": "completed", "exit_code": 0},
        **{"start": "2026-03-01T10:00:00+00:00", "end": "2026-03-01T10:01:00+00:00"},
        "used": [{"path": "/d/a", "role": "raw", "size": 3, "checksums": {"sha256": "0" * 64}}],
        "generated": [{"path": "/d/b", "role": "image", "size": 3, "checksums": {"sha1": "0" * 40}}],
        **{"configuration": ["/d/c"], "parameters": {"gain": "2"}, "job": {"SLURM_JOB_ID": "1"}},
    }
).encode()
_ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**31,
    2**63,
    10**308,
    -0.0,
    1e-320,
    1e308,
    "",
    " ",
    "x",
    "é🔭",
    "\x00",
    "\x01\r\n\t",
    "\ud800",
    "_:",
    ":",
    "//",
    "ex:",
    "%",
    "'\"\\",
    "x" * 1_500,
    "2026-13-01",
    "9999-12-31T24:00:00",
    "0001-01-01T00:00:00+14:00",
    "urn:x-provtap:id:",
    "urn:x-provtap:encoded:%ff",
    [],
    {},
    [None],
    [[]],
    {"": None},
    {"$": None},
    {"$": {}, "type": []},
    ["x", 1, {}],
]
_TOKEN = re.compile(rb"\w+|\s+|.", re.DOTALL)
_BYTES = [
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\\",
    b'"',
    b"'",
    b"{",
    b"}",
    b"[",
    b"(",
    b")",
    b"<",
    b">",
    b"\n",
    b";",
]
_BYTES += [
    b"-",
    b"%%",
    b"/*",
    b"--",
    b"$$",
    b"\xef\xbb\xbf",
    b"9" * 400,
    b"nan",
    b"null",
    b"\\u0000",
    b"\\ud800",
]

Mutation = Callable[[random.Random, bytes], bytes]
Reader = Callable[[bytes], object]


# Mutations


def cut(dice: random.Random, content: bytes) -> bytes:
    """Break off anywhere."""
    return content[: dice.randrange(len(content) + 1)]


def flip(dice: random.Random, content: bytes) -> bytes:
    """Change some bytes."""
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 8))):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def reword(dice: random.Random, content: bytes) -> bytes:
    """Drop, double, swap or replace words and marks."""
    tokens = _TOKEN.findall(content)
    for _ in range(dice.choice((1, 1, 2, 4))):
        if not tokens:
            break
        at, other = dice.randrange(len(tokens)), dice.randrange(len(tokens))
        match dice.randrange(4):
            case 0:
                del tokens[at]
            case 1:
                tokens.insert(at, tokens[other])
            case 2:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case _:
                tokens[at] = dice.choice(_BYTES)
    return b"".join(tokens)


def nest(dice: random.Random, content: bytes) -> bytes:
    """Nest very deeply at some place."""
    at, depth = dice.randrange(len(content) + 1), dice.choice((50, 200, 5_000))
    start, end = dice.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"(", b")"), (b"<a>", b"</a>"), (b"- ", b"")))
    return content[:at] + start * depth + end * depth + content[at:]


def replace_node(dice: random.Random, value: Any) -> Any:
    """Return *value* with one of its nodes replaced, dropped, doubled or renamed."""
    value = copy.deepcopy(value)
    location_map = list(_places(value))
    if not location_map or dice.random() < 0.02:
        return dice.choice(_ODD)
    holder, key = dice.choice(location_map)
    match dice.randrange(6):
        case 0 | 1 | 2:
            holder[key] = copy.deepcopy(dice.choice(_ODD))
        case 3:
            del holder[key]
        case 4:
            other_holder, other_key = dice.choice(location_map)
            holder[key] = copy.deepcopy(other_holder[other_key])
        case _ if isinstance(holder, dict):
            holder[str(dice.choice(_ODD))] = holder.pop(key)
        case _:
            holder.insert(key, copy.deepcopy(holder[key]))
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def json_node(dice: random.Random, content: bytes) -> bytes:
    """Change nodes of the tree; sometimes a key appears twice."""
    value = json.loads(content)
    for _ in range(dice.choice((1, 1, 1, 3))):
        value = replace_node(dice, value)
    text = json.dumps(value, ensure_ascii=dice.random() < 0.5)
    if dice.random() < 0.05:
        text = re.sub(r'("\w+": )', r"\1null, \1", text, count=1)
    return text.encode(errors="surrogatepass")


def yaml_node(dice: random.Random, content: bytes) -> bytes:
    """Change a node of the tree; sometimes as an alias of another."""
    value = replace_node(dice, _loaded(content))
    return yaml.safe_dump(value, allow_unicode=True).encode(errors="surrogatepass")


@cache
def _loaded(content: bytes) -> Any:
    return yaml.safe_load(content)


def xml_node(dice: random.Random, content: bytes) -> bytes:
    """Change an element: its name, text, attributes, place."""
    root = etree.fromstring(content)
    nodes = [node for node in root.iter() if isinstance(node.tag, str)]
    for _ in range(dice.choice((1, 1, 3))):
        node, other = dice.choice(nodes), dice.choice(nodes)
        with suppress(ValueError):  # what XML has no way to write
            _change(dice, node, other)
    return etree.tostring(root)


def _change(dice: random.Random, node: Any, other: Any) -> None:
    match dice.randrange(6):
        case 0:
            node.text = str(dice.choice(_ODD))
        case 1:
            node.append(copy.deepcopy(other))
        case 2 if node.getparent() is not None:
            node.getparent().remove(node)
        case 3:
            node.tag = other.tag
        case _:
            name = dice.choice([*node.attrib, *other.attrib, "name", "{http://www.w3.org/ns/prov#}id"])
            if dice.random() < 0.3:
                node.attrib.pop(name, None)
            else:
                node.set(name, str(dice.choice([*_ODD, *other.attrib.values()])))


def python_node(dice: random.Random, content: bytes) -> bytes:
    """Change the dictionary of one line of logprov or lstosa."""
    lines = content.split(b"\n")
    at = dice.choice([n for n, line in enumerate(lines) if line.endswith(b"}")])
    start, mark, text = lines[at].partition(b"{")
    value = replace_node(dice, ast.literal_eval((mark + text).decode()))
    lines[at] = start + repr(value).encode(errors="surrogatepass")
    return b"\n".join(lines)


def hdf5_attribute(dice: random.Random, content: bytes) -> bytes:
    """Give a keyword a value of another type."""
    with h5py.File(io.BytesIO(content), "r") as opened:
        keywords = dict(opened.attrs) or {"CTA PRODUCT ID": ""}
    odd = [*_HDF5, *(value for value in _ODD if isinstance(value, bool | int | float) and abs(value) < 2**63)]
    keywords[dice.choice(list(keywords))] = dice.choice(odd)
    stream = io.BytesIO()
    with h5py.File(stream, "w") as opened:
        opened.attrs.update(keywords)
    return stream.getvalue()


_HDF5 = [
    h5py.Empty("f"),
    b"\xff",
    "é",
    1j,
    numpy.zeros(3),
    numpy.array(["a", "b"], dtype=object),
    numpy.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    numpy.float64("nan"),
    numpy.void(b"\0\1"),
    numpy.bytes_(b"x" * 2_000),
]


# Readers


def _settings() -> Settings:
    return Settings(document_bytes=1_000_000)


def _document(format: str) -> Reader:
    return lambda content: read_content(content, "mutant", _settings(), format=format)


def _file(name: str) -> Reader:
    """Return the reader of files, which looks for a header in products."""

    def read_file(content: bytes) -> object:
        with TemporaryDirectory() as directory:
            path = Path(directory, name)
            path.write_bytes(content)
            return read(path, _settings())

    return read_file


def _catalogue(content: bytes) -> object:
    with TemporaryDirectory() as directory:
        path = Path(directory, "catalogue.csv")
        path.write_bytes(content)
        return read_location_map([], path)


_TEXT: tuple[Mutation, ...] = (cut, flip, reword, nest)
_JSON: tuple[Mutation, ...] = (json_node, json_node, json_node, *_TEXT)
_XML: tuple[Mutation, ...] = (xml_node, xml_node, *_TEXT)


def _product(write: Callable[[Path, Any], Path]) -> bytes:
    keywords = {
        "CTA PRODUCT ID": "ab0f8e4c-28d0-4b3c-a0c8-3c1f5ad3b6a4",
        "CTA ACTIVITY ID": "cd0f8e4c-28d0-4b3c-a0c8-3c1f5ad3b6a4",
        "CTA PRODUCT FORMAT": "fits",
        "CTA ACTIVITY START TIME": "2026-01-01 00:00:00.000",
        "PROV1": "raw.fits",
        "PRVCNT": 1,
        "PRV1": "parent",
        "FILEID": "x",
    }
    with TemporaryDirectory() as directory:
        return write(Path(directory, "product"), keywords).read_bytes()


def _records() -> bytes:
    """Return a document of records with every class."""
    run, entity = "urn:x:run", "urn:x:e"
    described = {"activityDescription": "_:ad"}
    return json.dumps(
        {
            "Agent": {"id": "urn:x:a", "name": "Maria", "type": "Person", "email": "m@x.org"},
            "ActivityDescription": {"id": "_:ad", "name": "tool", "version": "1"},
            "DatasetDescription": {"id": "_:dd", "name": "image", "contentType": "application/fits"},
            "ValueDescription": {"id": "_:vd", "name": "seeing", "valueType": "double", "unit": "arcsec"},
            "UsageDescription": described | {"id": "_:ud", "role": "raw", "entityDescription": ["_:dd"]},
            "GenerationDescription": described
            | {"role": "out", "multiplicity": "1", "entityDescription": "_:dd"},
            "ParameterDescription": described
            | {"name": "gain", "valueType": "double", "options": ["1", "2"]},
            "ConfigFileDescription": described | {"name": "setup", "contentType": "text/yaml"},
            "Entity": [{"id": f"{entity}1", "name": "one"}, {"id": f"{entity}2"}],
            "DatasetEntity": {"id": f"{entity}3", "location": "/x", "entityDescription": "_:dd"},
            "ValueEntity": {"id": f"{entity}4", "value": 0.8, "generatedAtTime": "2026-01-01T00:00:00"},
            "Collection": {"id": f"{entity}5", "invalidatedAtTime": "2027-01-01T00:00:00Z"},
            "Activity": {
                "id": run,
                "name": "tool",
                "startTime": "2026-01-01T00:00:00",
                "endTime": "2026-01-01T01:00:00",
                "activityDescription": "_:ad",
            },
            "Run": {"activity": run, "status": "completed", "exitCode": 0, "host": "h", "duration": 3600.0},
            "Used": [
                {"activity": run, "entity": f"{entity}1", "role": "raw", "time": "2026-01-01T00:01:00"},
                {"activity": run, "location": "/data/raw.fits"},
            ],
            "WasGeneratedBy": [
                {"activity": run, "location": "/data/out.fits", "role": "out", "time": "2026-01-01T00:01:00"},
                {"activity": run, "entity": f"{entity}3"},
            ],
            "WasDerivedFrom": {"generatedEntity": f"{entity}3", "usedEntity": f"{entity}1"},
            "WasInformedBy": {"informed": run, "informant": "urn:x:whole"},
            "WasAssociatedWith": {"activity": run, "agent": "urn:x:a", "role": "Operator"},
            "WasAttributedTo": {"entity": f"{entity}3", "agent": "urn:x:a"},
            "HadMember": {"collection": f"{entity}5", "entity": f"{entity}3"},
            "Parameter": {"id": "_:p", "activity": run, "name": "gain", "value": 2},
            "ConfigFile": {"id": "_:c", "name": "setup", "location": "/etc/setup.yaml"},
            "WasConfiguredBy": {"activity": run, "configFile": "_:c"},
            "HadReference": {"parameter": "_:p", "valueEntity": f"{entity}4"},
            "Invalidation": {"entity": f"{entity}1", "time": "2027-01-01T00:00:00"},
        }
    ).encode()


def _header() -> bytes:
    keywords = {
        "CTA PRODUCT ID": "ab0f8e4c-28d0-4b3c-a0c8-3c1f5ad3b6a4",
        "CTA ACTIVITY ID": "cd0f8e4c-28d0-4b3c-a0c8-3c1f5ad3b6a4",
        "CTA ACTIVITY NAME": "tool",
        "ESO PRO REC1 ID": "recipe",
        "ESO PRO REC1 RAW1 NAME": "raw.fits",
        "ESO PRO REC1 PARAM1 NAME": "p",
        "ESO PRO REC1 PARAM1 VALUE": 5,
        "PROV1": "raw.fits",
        "ARCFILE": "a.fits",
        "PRVCNT": 1,
        "PRV1": "parent",
        "FILEID": "x",
    }
    return json.dumps({"form": "fits", "url": "/data/x.fits", "keywords": keywords}).encode()


_DICTIONARY = b"""document prefix ex <http://example.org/>
entity(ex:d, [prov:type='prov:Dictionary', ex:a=42, ex:b="x"@en, ex:c="1" %% xsd:boolean])
prov:derivedByInsertionFrom(ex:d, ex:c, {("k", ex:v), (1, ex:w)})
activity(ex:a, 2026-01-01T00:00:00, -)
wasGeneratedBy(ex:g; ex:d, ex:a, 2026-01-01T00:00:00, [prov:role="r"])
bundle ex:b entity(ex:in) endBundle
endDocument"""
_CSV = b"path,id,guid,size,checksum\n/a,lfn:/a,1,5,md5:0cc175b9c0f1b6a831c399e269772661\n/b,/b,,,\n"


@cache
def kinds() -> dict[str, tuple[tuple[bytes, ...], tuple[Mutation, ...], Reader]]:
    """Return for each kind of document what to change, how, and who reads it."""
    prov = _DATA / "prov"

    def these(*paths: Path) -> tuple[bytes, ...]:
        return tuple(path.read_bytes() for path in paths)

    short_log = b"\n".join((_DATA / "prov_test.log").read_bytes().splitlines()[:40])
    node = json.loads((_DATA / "ctapipe_versions" / "ctapipe_v0.31.0.json").read_bytes())[0]
    node["system"]["python"]["packages"] = node["system"]["python"]["packages"][:2]
    step = json.dumps([node, node | {"input": [{"url": "/x", "role": None, "reference_meta": {}}]}]).encode()
    jsons = sorted((prov / "json").glob("*.json"))
    sql = (
        (Path(__file__).parent / "test_sql_file.py")
        .read_text()
        .partition('JOB = """\\\n')[2]
        .partition('"""')[0]
    )
    return {
        "ctapipe": ((step,), _JSON, _document("ctapipe")),
        "any JSON": ((step, _records(), _header()), _JSON, _document("auto")),
        "header": (
            (
                *these(*sorted((_DATA / "ctao_datamodel").glob("*event_*.json"))),
                _header(),
                json.dumps({"metadata": json.loads(_header())["keywords"]}).encode(),
            ),
            _JSON,
            _document("header"),
        ),
        "records": ((_records(),), _JSON, _document("records")),
        "prov-json": (these(*jsons[::8]), _JSON, _document("prov-json")),
        "jsonld": (these(*sorted((prov / "jsonld").glob("*"))[:6]), _JSON, _document("jsonld")),
        "prov-o": (these(*sorted((_DATA / "prov_o").glob("*.ttl"))), _TEXT, _document("prov-o")),
        "prov-o in JSON-LD": (
            these(*sorted((_DATA / "prov_o").glob("*.jsonld"))),
            _JSON,
            _document("prov-o"),
        ),
        "prov-xml": (these(*sorted((prov / "xml").glob("*.xml"))[::4]), _XML, _document("prov-xml")),
        "provn": ((_DICTIONARY, *these(*sorted(prov.rglob("*.provn")))), _TEXT, _document("provn")),
        "logprov": ((short_log,), (python_node, python_node, *_TEXT), _document("logprov")),
        "lstosa": (
            these(*(_DATA / "lstosa").glob("*.log")),
            (python_node, python_node, *_TEXT),
            _document("lstosa"),
        ),
        "lstosa-json": (these(*(_DATA / "lstosa").glob("*.json")), _JSON, _document("lstosa-json")),
        "km3net": (these(*(_DATA / "km3net").iterdir()), _JSON, _document("km3net")),
        "caom": (these(*(_DATA / "caom2").iterdir()), _XML, _document("caom")),
        "run": ((_RUN,), _JSON, _document("run")),
        "rocrate": (these(*(_DATA / "rocrate").rglob("*.json")), _JSON, _document("rocrate")),
        "rubin-report": (these(*(_DATA / "rubin").glob("*.json")), _JSON, _document("rubin-report")),
        "openlineage": (
            (
                *these(*(_DATA / "openlineage").glob("*.json")),
                b"[%s]" % b",".join((_DATA / "openlineage" / "night_dag.ndjson").read_bytes().splitlines()),
            ),
            _JSON,
            _document("openlineage"),
        ),
        "cwlprov": (
            (
                *these(*(_DATA / "cwlprov").rglob("primary.cwlprov.json")),
                folder_document(_DATA / "cwlprov" / "nested_scatter_ro", 10**7),
            ),
            _JSON,
            _document("cwlprov"),
        ),
        "cwlprov text": (these(*(_DATA / "cwlprov").glob("*.provn")), _TEXT, _document("cwlprov")),
        "opus": (these(*sorted((_DATA / "opus").iterdir())), _XML, _document("opus")),
        "votable": ((_votable(),), _XML, _document("votable")),
        "fits": (
            (_product(write_fits), *these(_DATA / "ctao_datamodel" / "dl0_tel_short.fits")),
            (cut, flip, reword),
            _file("product.fits"),
        ),
        "hdf5": (
            (_product(write_hdf5), *these(*(_DATA / "ctapipe_hdf5").iterdir())),
            (hdf5_attribute, hdf5_attribute, cut, flip),
            _file("product.h5"),
        ),
        "ecsv": ((_product(write_ecsv),), _TEXT, _file("product.ecsv")),
        "descriptions": (
            these(_SAMPLES / "ctapipe.descriptions.yaml"),
            (yaml_node, *_TEXT),
            read_descriptions,
        ),
        "catalogue": ((_CSV,), _TEXT, _catalogue),
        "sql": ((sql.encode(),), (cut, flip, reword), _no_reader),
    }


def _descriptions() -> bytes:
    """Return the sample of descriptions with its first activity."""
    told = yaml.safe_load((_SAMPLES / "ctapipe.descriptions.yaml").read_bytes())
    return yaml.safe_dump(told | {"activities": told["activities"][:1]}).encode()


def _no_reader(content: bytes) -> None:
    """Scripts of SQL are read by the store alone."""


def _votable() -> bytes:
    cells = {
        "activity": {"a_id": "urn:x:run", "a_name": "tool", "a_starttime": "2026-01-01T00:00:00"},
        "entity": {"e_id": "urn:x:e", "e_class": "ValueEntity", "e_value": "1"},
        "used": {"u_activity_id": "urn:x:run", "u_entity_id": "urn:x:e", "u_role": "in"},
        "parameter": {"p_id": "p", "p_activity_id": "urn:x:run", "p_name": "gain", "p_value": "2"},
    }
    tables = ""
    for name, row in cells.items():
        fields = "".join(f'<FIELD name="{column}" datatype="char" arraysize="*"/>' for column in row)
        values = "".join(f"<TD>{cell}</TD>" for cell in row.values())
        data = f"<DATA><TABLEDATA><TR>{values}</TR></TABLEDATA></DATA>"
        tables += f'<TABLE name="{name}">{fields}{data}</TABLE>'
    return f"<VOTABLE><RESOURCE>{tables}</RESOURCE></VOTABLE>".encode()


def mutants(kind: str, seed: int, number: int) -> Iterator[bytes]:
    """Yield *number* mutants of documents of a kind, the same ones for each seed."""
    originals, mutations, _ = kinds()[kind]
    dice = random.Random(f"{kind} {seed}")
    for _ in range(number):
        original = dice.choice(originals)
        yield dice.choice(mutations)(dice, original)
