"""PROV-XML (W3C Note of 2013-04-30), including voprov's form for the IVOA's model."""

from collections.abc import Iterator

from lxml import etree

from provtap.errors import DocumentError
from provtap.ingest.parsing import xml as xml_tree
from provtap.ingest.readers.prov.dictionary import DICTIONARIES, Pair, with_keys
from provtap.ingest.readers.prov.statements import (
    ARGUMENTS,
    ELEMENTS,
    PROV,
    TIMES,
    VOPROV_NAMESPACES,
    XSD,
    Name,
    Namespaces,
    Statement,
    Value,
    each_member,
    find_kind,
    read_time,
)

_OURS = {PROV, *VOPROV_NAMESPACES}
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# Elements that are subtypes of other elements.
_TYPED = {
    "person": ("agent", "Person"),
    "organization": ("agent", "Organization"),
    "softwareAgent": ("agent", "SoftwareAgent"),
    "plan": ("entity", "Plan"),
    "collection": ("entity", "Collection"),
    "emptyCollection": ("entity", "EmptyCollection"),
    "dictionary": ("entity", "Dictionary"),
    "emptyDictionary": ("entity", "EmptyDictionary"),
    "bundle": ("entity", "Bundle"),
}


_ENDS = {"newDictionary": "after", "oldDictionary": "before"}
"""The names of the ends of an insertion or removal in PROV-XML."""


def looks_like(content: bytes) -> bool:
    """Return whether the root of *content* is a PROV document."""
    tag = xml_tree.root_tag(content) or ""
    return tag in {f"{{{namespace}}}document" for namespace in _OURS}


def statements(content: bytes) -> Iterator[Statement]:
    """Yield the statements of a document.

    Raises: DocumentError, with the line number.
    """
    root = xml_tree.parse(content)
    name = etree.QName(root)
    if name.namespace not in _OURS or name.localname != "document":
        raise DocumentError(f"the root is {name.localname}, not a PROV document", line=1, column=1)
    yield from _container(root, None)


def _container(parent: etree._Element, bundle: Name | None) -> Iterator[Statement]:
    for element in parent:
        word = etree.QName(element).localname
        # Elements of other vocabularies between the statements remain in the document.
        if etree.QName(element).namespace not in _OURS or word == "other":
            continue
        if word == "bundleContent":
            if bundle is not None:
                raise DocumentError(f"{xml_tree.where(element)} is in another bundle")
            yield from _container(element, _named(element, _own(element, "id") or ""))
        else:
            yield from _statements(element, word, bundle)


def _statements(element: etree._Element, word: str, bundle: Name | None) -> Iterator[Statement]:
    where = xml_tree.where(element)
    kind, type_ = _TYPED.get(word, (word, None))
    kind = find_kind(kind, where)
    attributes = list(_own_types(element, type_))
    arguments: dict[str, list[Name]] = {}
    times = {}
    keys: list[Value] = []
    pairs: list[Pair] = []
    for child in element:
        argument = _argument(kind, child)
        word = etree.QName(child).localname
        if kind in DICTIONARIES and word == "key":
            keys.append(_value(child))
        elif kind in DICTIONARIES and word == "keyEntityPair":
            pairs.append(_pair(child))
        elif argument in TIMES:
            times[argument] = read_time(child.text or "", xml_tree.where(child))
        elif argument:
            arguments.setdefault(argument, []).extend(_references(child))
        else:
            attributes.append((_tag(child), _value(child)))
    members = arguments.pop("entity", []) if kind == "hadMember" else []
    for argument, names in arguments.items():
        if len(names) > 1:
            raise DocumentError(f"{where} has {len(names)} of {argument}, but only one is allowed")
    ends = {argument: names[0] for argument, names in arguments.items()}
    id = _own(element, "id")
    if kind in ELEMENTS and id is None:
        raise DocumentError(f"{where} has no prov:id")
    own = _named(element, id) if id is not None else None
    for member_ends in each_member(ends, members):
        statement = Statement(kind, where, own, member_ends, times, tuple(attributes), bundle)
        yield from with_keys(statement, keys, pairs) if kind in DICTIONARIES else [statement]


def _own_types(element: etree._Element, type_: str | None) -> Iterator[tuple[Name, Value]]:
    """Yield the types given by the name of an element and its xsi:type."""
    if type_:
        yield Name(PROV, "type", "prov"), _term(Name(PROV, type_, "prov"))
    if given := element.get(f"{_XSI}type"):
        yield Name(PROV, "type", "prov"), _term(_named(element, str(given)))


def _pair(element: etree._Element) -> Pair:
    parts = {etree.QName(child).localname: child for child in element}
    if not {"key", "entity"} <= parts.keys():
        raise DocumentError(f"{xml_tree.where(element)} must have a key and an entity")
    return Pair(_value(parts["key"]), _references(parts["entity"])[0])


def _argument(kind: str, child: etree._Element) -> str:
    name = etree.QName(child)
    word = _ENDS.get(name.localname, name.localname) if kind in DICTIONARIES else name.localname
    return word if name.namespace in _OURS and word in ARGUMENTS.get(kind, ()) else ""


def _references(child: etree._Element) -> list[Name]:
    """Return the references of an argument, its own or in nested elements (ProvToolbox, for members)."""
    places = [child] if _own(child, "ref") is not None else list(child)
    names = [_named(place, ref) for place in places if (ref := _own(place, "ref")) is not None]
    if names:
        return names
    if text := (child.text or "").strip():
        return [_named(child, text)]
    raise DocumentError(f"{xml_tree.where(child)} has no reference")


def _own(element: etree._Element, name: str) -> str | None:
    """Return the attribute *name* of PROV's or the IVOA's namespace."""
    for namespace in _OURS:
        value = element.get(f"{{{namespace}}}{name}")
        if value is not None:
            return str(value)
    return None


def _value(child: etree._Element) -> Value:
    reference = _own(child, "ref")
    if reference is not None:
        return _term(_named(child, reference))
    text = "".join(str(part) for part in child.itertext())
    type_text = child.get(f"{_XSI}type")
    if type_text is None:
        language = child.get(_LANGUAGE)
        return Value(text, language=None if language is None else str(language))
    type_ = _resolve(child, str(type_text))
    if type_.term in {"xsd:QName", "prov:QUALIFIED_NAME"}:
        return Value(text, type_, name=_resolve(child, text.strip()))
    return Value(text, type_)


def _term(name: Name) -> Value:
    text = f"{name.prefix}:{name.local}" if name.prefix else name.local
    return Value(text, Name(PROV, "QUALIFIED_NAME", "prov"), name=name)


def _tag(child: etree._Element) -> Name:
    name = etree.QName(child)
    return Name(str(name.namespace or ""), str(name.localname), child.prefix or "")


def _resolve(element: etree._Element, text: str) -> Name:
    return _namespaces(element).attribute(text)


def _named(element: etree._Element, text: str) -> Name:
    return _namespaces(element).name(text, xml_tree.where(element))


def _namespaces(element: etree._Element) -> Namespaces:
    namespaces = Namespaces()
    for prefix, uri in element.nsmap.items():
        # XML Schema's namespace has no '#', but PROV adds one.
        namespaces.declare(prefix or "", XSD if uri == XSD[:-1] else uri)
    return namespaces
