"""SECURITY.md: each of its guarantees is held by tests, which are named here."""

import ast
import re

from tests.documents import ROOT

HELD_BY = {
    "A query runs as a database role": [
        "tests/install/test_install.py::test_reader_does_nothing_else",
        "tests/install/test_install.py::test_reader_is_read_only_by_its_role",
        "tests/adql/test_breakouts.py::test_every_published_table_can_be_read_and_nothing_else",
        "tests/database/test_stream.py::test_time_limit",
        "tests/database/test_memory.py::test_query_over_the_limit_is_refused_and_its_connection_lives",
        "tests/web/test_sync.py::test_maxrec_has_a_default_and_a_limit",
        "tests/database/test_connect.py::test_temporary_disk_of_a_query_is_limited",
    ],
    "The translator parses every query": [
        "tests/adql/test_breakouts.py::test_a_text_stays_a_text",
        "tests/adql/test_breakouts.py::test_a_name_stays_a_name",
        "tests/adql/test_breakouts.py::test_a_statement_is_one_query_that_reads",
    ],
    "Storing anything over HTTP needs a token": [
        "tests/web/http/test_accounts.py::test_storing_needs_the_scope_write",
        "tests/api/test_descriptions.py::test_only_an_operator_may_describe",
    ],
    "Tokens are stored as digests": [
        "tests/operation/test_accounts.py::test_the_store_does_not_hold_the_secret",
        "tests/web/http/test_accounts.py::test_an_expired_token_is_wrong",
        "tests/web/http/test_accounts.py::test_a_revoked_token_is_wrong_at_once",
    ],
    "Basic authentication can only read": ["tests/web/http/test_accounts.py::test_storing_needs_bearer"],
    "Documents and uploads are read with limits": [
        "tests/api/test_documents.py::test_a_body_has_a_limit",
        "tests/api/test_records.py::test_a_document_has_a_limit_of_records",
        "tests/ingest/test_json_text.py::test_parse_bounds_the_nesting",
        "tests/web/test_uploads.py::test_the_limit_of_bytes_is_exact",
        "tests/uploads/test_votable.py::test_no_document_takes_much_more_memory_than_its_own",
    ],
    "XML entities and external references": [
        "tests/ingest/test_prov_notations.py::test_bad_xml_is_refused_at_its_place",
        "tests/uploads/test_votable.py::test_entities_are_refused_before_anything_is_done_with_them",
    ],
    "A recipe (`provtap recipe`) contains nothing": [
        "tests/recipe/test_recipe.py::test_only_published_records_are_read",
        "tests/recipe/test_recipe.py::test_hostile_names_are_only_text_for_the_shell",
        "tests/recipe/test_recipe.py::test_hostile_names_are_only_text_for_cwltool",
        "tests/recipe/test_recipe.py::test_hostile_names_are_only_text_for_snakemake",
    ],
    "An upload by URL is fetched only": [
        "tests/uploads/test_fetch.py::test_what_is_no_url_is_told",
        "tests/uploads/test_fetch.py::test_no_redirect_leads_to_where_the_service_may_not_go",
        "tests/uploads/test_fetch.py::test_the_address_that_was_judged_is_the_one_gone_to",
        "tests/uploads/test_addresses.py::test_special_addresses_of_ipv4_are_not_public",
    ],
    "Each client has a share": [
        "tests/database/test_shares.py::test_one_client_leaves_connections_to_others",
        "tests/database/test_shares.py::test_disk_is_shared_too",
        "tests/server/test_server.py::test_more_clients_than_can_be_served_are_answered_or_told_to_come_back",
        "tests/uws/test_store.py::test_nobody_executes_more_than_his_share",
        "tests/acceptance/test_disk.py::test_slow_readers_leave_the_reserve_and_the_connections",
    ],
    "Error messages contain no traceback": [
        "tests/web/http/test_responses.py::test_unforeseen_errors_are_one_sentence_and_a_log_entry",
        "tests/database/test_failures.py::test_no_message_has_the_words_of_postgresql",
        "tests/database/test_connect.py::test_failed_query_is_told_without_our_sql",
        "tests/database/test_connect.py::test_a_full_disk_is_told_without_names_of_files",
    ],
}
"""Tests by the beginning of the sentence that they check."""


def test_each_guarantee_is_held_by_tests():
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    section = page.partition("## What the service guarantees\n")[2].partition("\n## ")[0]
    text = " ".join(section.replace("\n- ", " ").removeprefix("- ").split())
    sentences = re.split(r"(?<=\.) |(?<=; )(?=a revoked)", text)

    without = [each for each in sentences if not each.startswith((*HELD_BY, "a revoked"))]
    assert without == []
    assert [start for start in HELD_BY if start not in text] == []


def test_each_named_test_exists():
    named = {test for tests in HELD_BY.values() for test in tests}
    missing = []
    for test in named:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        if name not in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}:
            missing.append(test)

    assert missing == []
