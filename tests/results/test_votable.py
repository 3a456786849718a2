import re
from xml.etree import ElementTree

import pytest

from provtap.errors import QueryError
from provtap.results.votable import Descriptor, Info, Param, write_error, write_votable
from tests.results.tables import double, integer, read, text

NAMESPACE = "{http://www.ivoa.net/xml/VOTable/v1.3}"


def written(columns, blocks, maxrec=100, infos=()):
    return b"".join(write_votable(columns, blocks, maxrec, infos))


def cells(document):
    """Return the text of every cell, row by row."""
    rows = ElementTree.fromstring(document).iter(f"{NAMESPACE}TR")
    return [[cell.text or "" for cell in row] for row in rows]


def query_status(document):
    infos = ElementTree.fromstring(document).iter(f"{NAMESPACE}INFO")
    return [(i.get("value"), i.text) for i in infos if i.get("name") == "QUERY_STATUS"]


def test_head_is_votable_1_4():
    """VOT-1, VOT-2: the declaration, no BOM, version 1.4 in the namespace of 1.3."""
    document = written([integer()], [])

    assert document.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" ')
    assert ElementTree.fromstring(document).tag == f"{NAMESPACE}VOTABLE"


def test_order_of_elements():
    """VOT-3, VOT-4, DALI-3: INFO before TABLE, DATA within it, one RESOURCE of type results."""
    resource = ElementTree.fromstring(written([integer()], [], infos=[Info("QUERY", "q")]))[0]

    assert resource.get("type") == "results"
    assert [e.tag.removeprefix(NAMESPACE) for e in resource] == ["INFO", "INFO", "TABLE"]
    assert [e.tag.removeprefix(NAMESPACE) for e in resource[2]] == ["FIELD", "DATA"]


def test_fields_carry_the_metadata_of_columns():
    """TAP-18, VOT-13: everything known of a column is in its FIELD, and nothing is there empty."""
    column = text("e_id", xtype="x", unit="s", ucd="meta.id", utype="voprov:Entity.id", description="a < b")

    field = ElementTree.fromstring(written([column], [])).find(f".//{NAMESPACE}FIELD")

    assert field.attrib == {
        "name": "e_id",
        "datatype": "unicodeChar",
        "arraysize": "*",
        "xtype": "x",
        "unit": "s",
        "ucd": "meta.id",
        "utype": "voprov:Entity.id",
    }
    assert field[0].text == "a < b"


def test_scalars_have_no_arraysize():
    """VOT-5."""
    assert b'<FIELD name="n" datatype="int"/>' in written([integer()], [])


def test_columns_of_equal_name_have_ids():
    """VOT-4: names may repeat, IDs may not."""
    ids = re.findall(rb' ID="(\w+)"', written([integer("a"), text("b"), integer("a")], []))

    assert ids == [b"a", b"a_2"]


def test_infos_keep_line_ends_and_quotes():
    """DALI-5: the query can be read back as it was sent, as far as XML can hold it."""
    info = Info("QUERY", 'SELECT "a"\r\n\tFROM <t> & \x01\ud800', "said")

    found = read(written([integer()], [], infos=[info])).resources[0].infos[1]

    assert (found.value, found.content) == ('SELECT "a"\r\n\tFROM <t> & ', "said")


@pytest.mark.parametrize(
    "copied, cell",
    [
        (rb"\\N", r"\N"),
        (rb"a\\tb", r"a\tb"),
        (rb"\\\\", r"\\"),
        (rb"\\\t", "\\\t"),
        (rb"a\tb\nc", "a\tb\nc"),
        (rb"a\rb", "a\rb"),
        (rb"a\bb\fc\vd", "abcd"),
        (b"a\x01b\x1fc\x7f", "abc\x7f"),
        ("\ufffe\uffffé𝒜\ud7ff".encode(), "é𝒜\ud7ff"),
        (b'<a href="x">&amp;]]>', '<a href="x">&amp;]]>'),
        (b"  ", "  "),
        (b"", ""),
    ],
)
def test_cells(copied, cell):
    """VOT-7: escapes of COPY are undone, markup is escaped, what XML can't hold is dropped."""
    assert cells(written([text(), text()], [(1, copied + b"\tend\n")])) == [[cell, "end"]]


def test_blocks_of_several_rows():
    """VOT-6: one TD a FIELD, one TR a row, over the bounds of blocks."""
    blocks = [(2, b"1\ta\n2\tb\n"), (1, b"3\t\n")]

    assert cells(written([integer(), text()], blocks)) == [["1", "a"], ["2", "b"], ["3", ""]]


def test_numbers_reach_astropy():
    """VOT-7: null, NaN and the infinities in the spelling of VOTable."""
    block = (4, b"1\t1e-300\n\tNaN\n-3\t+Inf\n4\t-Inf\n")

    table = read(written([integer(), double()], [block])).get_first_table().to_table()

    assert table["n"].mask.tolist() == [False, True, False, False]
    assert [str(d) for d in table["d"]] == ["1e-300", "--", "inf", "-inf"]  # astropy masks NaN


@pytest.mark.parametrize(
    "maxrec, rows, status",
    [(4, 3, ["OK"]), (3, 3, ["OK"]), (2, 2, ["OK", "OVERFLOW"]), (0, 0, ["OK", "OVERFLOW"])],
)
def test_overflow_is_reported_if_rows_are_cut(maxrec, rows, status):
    """TAP-14, TAP-15, DALI-4: after the table, and only if there was more."""
    blocks = [(min(maxrec, 3), b"".join(b"%d\n" % n for n in range(min(maxrec, 3))))] if maxrec else []
    blocks += [(1, b"9\n")] if 0 < maxrec < 3 else []

    document = written([integer()], blocks, maxrec)

    assert len(cells(document)) == rows
    assert [value for value, _ in query_status(document)] == status


def test_late_failure_ends_a_whole_document():
    """ERR-6, DALI-4: the rows that came, then QUERY_STATUS ERROR with the reason."""

    def failing():
        yield 1, b"1\n"
        raise QueryError("Divided <by> zero.")

    document = written([integer()], failing())

    assert cells(document) == [["1"]]
    assert query_status(document) == [("OK", None), ("ERROR", "Divided <by> zero.")]


def service(column, *parameters):
    return Descriptor(
        name="Service",
        value="http://x.org/s?a=1&b=2",
        text="Gives <more>.",
        key="key",
        column=column,
        standard_id="ivo://x.org/std#s",
        content_type="text/plain",
        parameters=parameters,
    )


def fields_and_services(columns, *services):
    """Return the IDs of the fields, and the ID and the reference of each service, as XML has them."""
    root = ElementTree.fromstring(written(columns, [], infos=services))
    ids = [field.get("ID") for field in root.iter(f"{NAMESPACE}FIELD")]
    resources = root.findall(f"{NAMESPACE}RESOURCE[@type='meta']")
    return ids, [(r.get("ID"), r.find(f".//{NAMESPACE}PARAM[@ref]").get("ref")) for r in resources]


def test_a_service_is_a_resource_of_its_own():
    """VOT-3, VOT-14, DataLink 1.1, section 4.1: beside the results, where astropy reads its parameters."""
    depth = Param("DEPTH", "How far.", ("1", "2"), "2")
    document = written([text("e_id"), integer()], [], infos=[Info("QUERY", "q"), service(0, depth)])

    results, meta = read(document).resources
    assert [info.name for info in results.infos] == ["QUERY_STATUS", "QUERY"]
    assert (meta.type, meta.utype, meta.name, meta.description) == (
        "meta",
        "adhoc:service",
        "Service of e_id",
        "Gives <more>.",
    )
    assert {param.name: param.value for param in meta.params} == {
        "standardID": "ivo://x.org/std#s",
        "accessURL": "http://x.org/s?a=1&b=2",
        "contentType": "text/plain",
    }
    [group] = meta.groups
    reference, changeable = group.entries
    assert (group.name, reference.name, reference.ref) == (
        "inputParams",
        "ID",
        results.tables[0].fields[0].ID,
    )
    assert (changeable.value, changeable.description) == ("2", "How far.")
    assert [option for _, option in changeable.values.options] == ["1", "2"]


def test_a_field_that_a_service_takes_has_its_name_for_an_id():
    """A column is looked for by the ID that is referred to (pyvo 1.9); others need none."""
    ids, services = fields_and_services([text("e_id"), text("other")], service(0))

    assert ids == ["e_id", None]
    assert services == [("service_key_e_id", "e_id")]


@pytest.mark.parametrize(
    "names, ids",
    [
        (["my id", "ü", "", "1"], ["my_id", "_", "__2", "_1"]),
        (["x", "x", "X", "x"], ["x", "x_2", "X", "x_3"]),
        (["a_2", "a", "a"], ["a_2", "a", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["my id", "my_id"], ["my_id_2", "my_id"]),
        (["service_key_a", "a"], ["_service_key_a", "a"]),
    ],
)
def test_ids_are_names_of_xml_and_unique(names, ids):
    """XML 1.0, section 3.3.1; VOT-4."""
    found, services = fields_and_services([text(n) for n in names], *(service(n) for n in range(len(names))))

    assert found == ids
    assert len({*found, *(id_ for id_, _ in services)}) == 2 * len(names)


def test_error_document():
    """ERR-2: QUERY_STATUS ERROR, its text the reason, no table."""
    document = write_error("No column a < b\x00\x0b here.")

    assert query_status(document) == [("ERROR", "No column a < b here.")]
    assert ElementTree.fromstring(document).find(f".//{NAMESPACE}TABLE") is None
