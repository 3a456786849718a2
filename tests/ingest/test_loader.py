from collections import Counter

import pytest

from provtap.errors import DocumentError
from tests.ingest.logs import (
    SAMPLES,
    VERSIONS,
    activity_id,
    file,
    header,
    product_id,
    rows,
    run,
    tables,
    total,
    uuid_of,
)

USED_FILES = "SELECT u_activity_id, u_entity_id FROM provenance.used WHERE u_role = 'data' ORDER BY 1, 2"
GENERATED = "SELECT wgb_entity_id, wgb_activity_id FROM provenance.wasgeneratedby WHERE wgb_role = 'data'"


def writes(database, url):
    """Return the id of what was written to *url*, by the time of writing."""
    query = f"SELECT wr_entity_id FROM provtap.writing WHERE wr_url = '{url}' ORDER BY wr_time"
    return [entity for (entity,) in rows(database, query)]


def test_all_samples_load(take, database):
    """The 18 logs hold 21 records of 20 activities (corpus; INGEST-d8)."""
    reports = [take(path) for path in SAMPLES]

    assert (len(reports), total(reports, "records")) == (18, 21)
    stored = "SELECT count(*), count(*) FILTER (WHERE a_starttime IS NULL) FROM provenance.activity"
    assert rows(database, stored) == [(20, 0)]
    assert [warning for report in reports for warning in report.warnings] == []


def test_same_documents_again_change_nothing(take, database):
    """The same bytes, site and format again add no row anywhere (INGEST-d8)."""
    first = [take(path) for path in SAMPLES]
    before = tables(database) | {"ingestion": Counter(rows(database, "TABLE provext.ingestion"))}
    again = [take(path) for path in SAMPLES]

    assert all(report.known for report in again)
    assert total(again, "new") == 0 < total(first, "new")
    assert tables(database) | {"ingestion": Counter(rows(database, "TABLE provext.ingestion"))} == before


def test_same_record_in_another_document_changes_no_published_row(tell, database):
    """An identical canonical record is a no-op (INGEST-d1)."""
    step = run(1, 1, 2, input=[file("/a")], output=[file("/b", header=header(1, 1))], config={"T": {"x": 1}})
    tell(step)
    before = tables(database)
    report = tell(dict(reversed(step.items())))

    assert (report.new, report.updated, report.known) == (0, 0, False)
    assert report.unchanged > 0
    assert tables(database) == before


def test_report_counts_the_published_rows(tell, database):
    """New is the number of rows that appeared in published tables."""
    report = tell(
        run(1, input=[file("/a")], output=[file("/b", header=header(1, 1))], config={"T": {"x": 1}})
    )

    assert report.new == sum(sum(content.values()) for content in tables(database).values())
    assert rows(database, "SELECT in_new, in_updated, in_unchanged FROM provext.ingestion") == [
        (report.new, report.updated, report.unchanged)
    ]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_every_release_loads(take, database, path):
    """Every version of the log, 0.5 to 0.31 (INGEST-a1): inner-step and outer-tool share intermediate.txt."""
    assert take(path).activities == 4
    shared = rows(
        database,
        """SELECT producer.a_name, reader.a_name
             FROM provenance.entity JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
             JOIN provenance.activity AS producer ON producer.a_id = wgb_activity_id
             JOIN provenance.used ON u_entity_id = e_id
             JOIN provenance.activity AS reader ON reader.a_id = u_activity_id ORDER BY 1""",
    )

    assert shared == [("inner-step", "outer-tool"), ("outer-tool", "with-block")]


def test_an_input_is_the_last_file_written_before(tell, database):
    """An input url is the latest entity generated there before the start (INGEST-d4)."""
    tell(run(1, 1, 2, output=[file("/p")]), run(2, 5, 6, output=[file("/p")]))
    tell(*(run(number, start, start + 1, input=[file("/p")]) for number, start in [(3, 0), (4, 4), (5, 9)]))
    first, second = writes(database, "/p")

    used = dict(rows(database, USED_FILES))
    assert (used[activity_id(4)], used[activity_id(5)]) == (first, second)
    assert used[activity_id(3)] not in {first, second}


def test_a_run_reads_the_file_of_its_step(tell, database):
    """A whole starts before its steps write what it reads; older versions don't count (INGEST-d4)."""
    tell(run(1, 0, 1, output=[file("/p")]))
    tell(run(2, 5, 6, output=[file("/p")]), run(3, 4, 7, input=[file("/p")]))

    assert rows(database, USED_FILES) == [(activity_id(3), writes(database, "/p")[1])]


def test_site_separates_equal_paths(tell, database):
    """Equal paths of two sites are two files (INGEST-d2)."""
    tell(run(1, 1, 2, output=[file("/p")]), site="here")
    tell(run(2, 3, 4, input=[file("/p")]), site="there")

    assert rows(database, USED_FILES)[0][1] not in writes(database, "/p")


def test_usages_move_when_the_producer_becomes_known(tell, database):
    """A file without producer gets one, its users follow, and its old id stays as an alias (INGEST-d4)."""
    tell(run(2, 5, 6, input=[file("/p")]), run(3, 5, 6, input=[file("/p")]))
    [(_, old), _] = rows(database, USED_FILES)
    report = tell(run(1, 1, 2, output=[file("/p")]))

    [new] = writes(database, "/p")
    assert rows(database, USED_FILES) == [(activity, new) for activity in sorted(map(activity_id, (2, 3)))]
    assert rows(database, f"SELECT al_entity_id FROM provext.alias WHERE al_value = '{old}'") == [(new,)]
    assert rows(database, f"SELECT 1 FROM provenance.entity WHERE e_id = '{old}'") == []
    assert report.updated == 2


def test_aliases_show_the_file_at_a_path_and_time(tell, database):
    """A path names a file from its writing to the next one (INGEST-d3)."""
    for number, start in [(1, 1), (3, 7), (2, 4)]:
        tell(run(number, start, start + 1, output=[file("/p")]))
    query = """SELECT al_entity_id, to_char(al_validfrom, 'SS'), to_char(al_validto, 'SS')
                 FROM provext.alias WHERE al_kind = 'path' AND al_value = '/p' ORDER BY 2"""

    first, second, third = writes(database, "/p")
    assert rows(database, query) == [(first, "02", "05"), (second, "05", "08"), (third, "08", None)]


def test_stub_is_completed_by_its_own_log(tell, database):
    """A producer known from a header only is completed when its log arrives (INGEST-d1)."""
    made = header(1, activity=1, created=3)
    status = f"""SELECT a_endtime::text, r_status
                   FROM provenance.activity LEFT JOIN provext.run ON r_activity_id = a_id
                  WHERE a_id = '{activity_id(1)}'"""
    tell(run(2, 5, 6, input=[file("/p", header=made)]))
    stub = rows(database, status)
    tell(run(1, 0, 4, output=[file("/p", header=made)]))

    assert stub == [("2026-01-01 00:00:03", None)]
    assert rows(database, status) == [("2026-01-01 00:00:04", "completed")]


def test_log_is_believed_before_a_copied_header(tell, database):
    """A copied header names the activity that made the original (merge_incompatible)."""
    copied = header(1, activity=9)
    tell(run(3, 5, 6, input=[file("/p", header=copied)]))
    claimed = rows(
        database,
        f"SELECT wgb_activity_id FROM provenance.wasgeneratedby WHERE wgb_entity_id = '{product_id(1)}'",
    )
    tell(run(2, 3, 4, output=[file("/p", header=copied)]))

    assert claimed == [(activity_id(9),)]
    assert rows(database, GENERATED) == [(product_id(1), activity_id(2))]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_earlier_of_two_generators_is_kept_with_a_warning(tell, database, order):
    """The model has room for one generation: refuse the second, clearly (INGEST-d10)."""
    steps = {
        number: run(number, number, number + 1, output=[file(f"/{number}", header=header(7, 1))])
        for number in (1, 2)
    }
    warnings = [tell(steps[number]).warnings for number in order]

    assert rows(database, GENERATED) == [(product_id(7), activity_id(1))]
    assert warnings[0] == ()
    assert f"was generated by {activity_id(1)}; the later claim of {activity_id(2)}" in warnings[1][0]


def test_a_conflicting_record_is_ignored(tell, database):
    """The same uuid with another record: the first is kept, with a warning (INGEST-d1)."""
    tell(run(1))
    before = tables(database)
    report = tell(run(1, status="error", output=[file("/p")]))

    assert tables(database) == before
    assert report.warnings == (f"{activity_id(1)} is already recorded by another record, which was kept",)
    assert rows(database, "SELECT in_warnings FROM provext.ingestion ORDER BY in_id DESC LIMIT 1") == [
        report.warnings
    ]


def test_a_log_loaded_for_another_site_is_reported_with_the_stored_site(tell, database):
    """The same run can't have happened at two sites: its paths stay where they were (INGEST-d1, d2)."""
    first = tell(run(1, output=[file("/p")]), site="my site")
    before = tables(database)
    report = tell(run(1, output=[file("/p")]), site="there")

    assert tables(database) == before
    assert report.conflicts == (
        f"{activity_id(1)} is already recorded by its record at the site my site (ingestion"
        f" {first.ingestion}),"
        " which was kept",
    )


def test_strict_refuses_warnings(tell, database):
    """With strict a conflict refuses the document wholly (INGEST-d10)."""
    tell(run(1))
    with pytest.raises(DocumentError, match="is already recorded by another record"):
        tell(run(1, status="error"), run(2), strict=True)

    assert rows(database, "SELECT a_id FROM provenance.activity") == [(activity_id(1),)]


def test_dry_run_stores_nothing(tell, database):
    """A dry run reports as if it had stored."""
    report = tell(run(1), dry_run=True)

    assert report.new > 0
    assert not any(tables(database).values())
    assert rows(database, "TABLE provext.ingestion") == []


def test_id_of_both_kinds_is_refused(tell, database):
    """An entity is not an activity (PROV-CONSTRAINTS 1.0, 54)."""
    product = header(1, 1) | {"CTA PRODUCT ID": uuid_of("activity", 2)}
    with pytest.raises(DocumentError, match=f"{activity_id(2)} would be both an entity and an activity"):
        tell(run(1, output=[file("/p", header=product)]), run(2))

    assert not any(tables(database).values())


def test_long_values_are_stored(tell, database):
    """A parameter may hold a list of a thousand files; only ids are bounded (D13)."""
    tell(run(1, config={"T": {"long": "x" * 100_000}}, output=[file("/" + "y" * 5000)]))

    assert rows(database, "SELECT length(p_value) FROM provenance.parameter") == [(100_000,)]
    assert rows(
        database, "SELECT length(e_location), e_name FROM provenance.entity WHERE e_class = 'DatasetEntity'"
    ) == [(5001, None)]


def test_a_document_is_archived_unchanged(take, database):
    """The raw bytes are kept unchanged, for a better mapping later (INGEST-d11)."""
    take(SAMPLES[0])
    [(content, sha256)] = rows(
        database,
        """SELECT doc_content, encode(sha256(doc_content), 'hex') = in_sha256
             FROM provtap.document JOIN provext.ingestion ON in_id = doc_ingestion_id""",
    )

    assert bytes(content) == SAMPLES[0].read_bytes()
    assert sha256 is True


def test_nothing_private_is_published(take, database):
    """Of the environment neither variables nor paths are published (INGEST-a1)."""
    for path in SAMPLES:
        take(path)
    published = repr([tables(database)[f"provenance.{name}"] for name in ("entity", "agent", "activity")])

    assert "/home/" not in published
    assert "SHELL" not in published
