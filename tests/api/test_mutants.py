"""Mutated documents over HTTP: none causes an internal error."""

import pytest

from tests.ingest.mutants import kinds, mutants

pytestmark = pytest.mark.exhaustive

# By the path that takes them: the readers are those of tests/ingest/test_mutants.py.
KINDS = {name: "/documents?format=auto" for name in kinds()} | {"records": "/records"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_document_is_an_error_of_the_service(call, kind):
    for content in mutants(kind, 2, 12):
        reply = call("POST", f"{KINDS[kind]}", content)

        assert reply.status < 500, content
        assert reply.status < 400 or reply.error["message"], content
