"""Replaces a person by a pseudonym, everywhere and for good: `provtap forget`.

The tables are determined by the archived documents (`rebuild.py`). So the documents are rewritten and all
tables rebuilt from them; in the few tables that do not come from documents, the texts are replaced in place.
In the end every text of every table is searched: if the person is still named anywhere, nothing is changed.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.database.transaction import Row
from provtap.errors import DocumentError, NotFound, ParameterError
from provtap.ingest.documents.archive import ArchivedDocument, load_documents
from provtap.ingest.forgetting import texts
from provtap.ingest.forgetting.texts import PSEUDONYM, PersonalText, PersonalTexts
from provtap.ingest.model.records import AgentId
from provtap.ingest.rebuild import PUBLISHED, REMEMBERED, Advance, rebuild_tables
from provtap.ingest.store.transaction import alone

SQL = load_statements("provtap.ingest.forgetting", "forget.sql")

_CONTACTS = ("ag_email", "ag_phone", "ag_address", "ag_url")
_LINE = 10_000
"""Bytes at the end of a piece of a script that may belong to a text that continues in the next piece."""
_SHOWN = 20
"""Numbers of documents and names of tables in an error."""


@dataclass(frozen=True)
class Person:
    """A person to be forgotten."""

    name: str
    agent_ids: tuple[str, ...]
    pseudonym: str
    personal: PersonalTexts
    kept: tuple[str, ...]
    """Contacts that are kept, because other agents have them as well."""


@dataclass(frozen=True)
class Forgotten:
    """The result of forgetting a person."""

    pseudonym: str
    documents: tuple[int, ...]
    """Numbers of the ingestions whose documents were rewritten."""
    rows: dict[str, int]
    """The number of changed rows of each table."""
    published: tuple[str, ...]
    """Tables of TAP_SCHEMA that contain the texts, which come from settings and metadata files."""


def find(agent: str, database: Database, also: Sequence[str] = ()) -> Person:
    """Return the person with this id, name, e-mail address or ORCID; *also* has more texts to replace.

    Raises: NotFound; ParameterError if the agent is no person, or has already been forgotten, or a text is
    too short; DatabaseUnavailable.
    """
    with database.transaction() as transaction:
        found = transaction.rows(SQL["agents"], agent=agent)
        if not found:
            raise NotFound(
                f"No agent has the id, name, e-mail address or ORCID {agent}.",
                hint='provtap query "SELECT ag_id, ag_name FROM provenance.agent" lists them.',
            )
        for row in found:
            _check_person(row)
        ids = tuple(row.ag_id for row in found)
        contacts = [value for row in found for key in _CONTACTS if (value := getattr(row, key))]
        shared = transaction.rows(SQL["shared"], ids=list(ids), contacts=contacts)
    kept = {row.contact for row in shared}
    pseudonym = f"person-{secrets.token_hex(4)}"
    personal = {each.pattern.pattern: each for row in found for each in _texts(row, kept, pseudonym)}
    for text in also:
        each = texts.other("text of --also", text, pseudonym)
        personal[each.pattern.pattern] = each
    for each in personal.values():
        if texts.too_short(each.text):
            raise ParameterError(
                f"The {each.kind} {each.text!r} is too short to be replaced: many other texts contain it.",
                hint="Undo the documents that name this person (provtap ingest --undo).",
            )
    return Person(
        found[0].ag_name, ids, pseudonym, PersonalTexts(tuple(personal.values())), tuple(sorted(kept))
    )


def _check_person(row: Row) -> None:
    if PSEUDONYM.fullmatch(row.ag_name):
        raise ParameterError(f"{row.ag_name} has already been forgotten.")
    if row.ag_type in ("Organization", "SoftwareAgent"):
        kind = "an organization" if row.ag_type == "Organization" else "software"
        raise ParameterError(f"{row.ag_name} ({row.ag_id}) is {kind}; only people can be forgotten.")


def _texts(row: Row, kept: set[str], pseudonym: str) -> Iterator[PersonalText]:
    """Yield what identifies a person, what may be part of another text first."""
    yield from (texts.orcid(value, pseudonym) for value in row.ids)
    if row.ag_email and row.ag_email not in kept:
        yield texts.email(row.ag_email, pseudonym)
    yield from texts.name(row.ag_name, pseudonym)
    yield from texts.last_part(row.ag_id, [row.ag_name], pseudonym)
    if row.ag_url and row.ag_url not in kept:
        yield texts.url(row.ag_url, pseudonym)
    for kind, value in (("address", row.ag_address), ("phone number", row.ag_phone)):
        if value and value not in kept:
            yield texts.other(kind, value, pseudonym)


def forget(
    person: Person,
    database: Database,
    settings: Settings,
    *,
    dry_run: bool = False,
    advance: Advance = lambda done: None,
) -> Forgotten:
    """Replace *person* by a pseudonym in all tables and documents, or change nothing.

    Raises: DocumentError if documents name the person and can't be rewritten, or if something else still
    names the person afterwards; DatabaseUnavailable.
    """
    with alone(database, dry_run) as transaction:
        rewritten = _rewrite_documents(transaction, person.personal)
        rows = _replace_in_tables(transaction, person.personal)
        rebuilt = rebuild_tables(transaction, settings, advance)
        published = _check_gone(transaction, person.personal)
        rows |= {change.table: max(change.gone, change.new) for change in rebuilt.changes}
        return Forgotten(person.pseudonym, tuple(rewritten), rows, published)


def _rewrite_documents(transaction: Transaction, personal: PersonalTexts) -> list[int]:
    """Rewrite all documents that contain the texts; return their numbers."""
    rewritten, refused = [], []
    for row in transaction.rows(SQL["documents"]):
        if row.format == "sql":
            sha256 = _rewrite_script(transaction, row.ingestion, personal)
            if sha256 is None:
                continue
            transaction.execute(SQL["mark_rewritten"], ingestion=row.ingestion, sha256=sha256)
        else:
            found = transaction.one(SQL["content"], ingestion=row.ingestion)
            content, number = personal.replace(bytes(found.content) if found else b"")
            if not number:
                continue
            [document] = load_documents(transaction, [row.ingestion])
            if not _reads_alike(document, content):
                refused.append(row.ingestion)
                continue
            sha256 = hashlib.sha256(content).hexdigest()
            transaction.execute(SQL["rewrite"], ingestion=row.ingestion, content=content, sha256=sha256)
        transaction.execute(SQL["refuse_original"], ingestion=row.ingestion)
        rewritten.append(row.ingestion)
    if refused:
        raise _unsafe(refused)
    return rewritten


def _unsafe(ingestions: Sequence[int]) -> DocumentError:
    shown = ", ".join(map(str, ingestions[:_SHOWN])) + (" and more" if len(ingestions) > _SHOWN else "")
    of = "document of ingestion" if len(ingestions) == 1 else "documents of ingestions"
    return DocumentError(
        f"The {of} {shown} cannot be rewritten without losing records; nothing was changed.",
        hint="Undo them (provtap ingest --undo NUMBER), and load versions without this person.",
    )


def _reads_alike(document: ArchivedDocument, content: bytes) -> bool:
    """Return whether *content* gives as many records of each kind as the document."""
    try:
        return _kinds(document) == _kinds(replace(document, content=content))
    except DocumentError:
        return False


def _kinds(document: ArchivedDocument) -> Counter[str]:
    """Return the number of records of each kind, without ORCIDs: a pseudonym is none."""
    records = (record for record_set in document.record_sets() for record in record_set.records)
    return Counter(type(record).__name__ for record in records if not isinstance(record, AgentId))


def _rewrite_script(transaction: Transaction, ingestion: int, personal: PersonalTexts) -> str | None:
    """Rewrite a script piece by piece; return the digest of its new bytes, or None if it is unchanged.

    Only whole lines are searched, because a text may cross the border of two pieces.
    """
    digest, total, rest = hashlib.sha256(), 0, b""
    for number in count():
        piece = transaction.one(SQL["piece"], ingestion=ingestion, number=number)
        following = transaction.one(SQL["piece"], ingestion=ingestion, number=number + 1)
        if piece is None:
            return digest.hexdigest() if total else None
        whole = rest + bytes(piece.content)
        end = (whole.rfind(b"\n") + 1 or max(1, len(whole) - _LINE)) if following else len(whole)
        content, found = personal.replace(whole[:end])
        rest, total = whole[end:], total + found
        digest.update(content)
        if content != bytes(piece.content):
            transaction.execute(SQL["rewrite_piece"], ingestion=ingestion, number=number, content=content)
    raise AssertionError("count() does not end")


def _replace_in_tables(transaction: Transaction, personal: PersonalTexts) -> dict[str, int]:
    """Replace the texts in the tables that are not rebuilt; return the number of changed rows of each."""
    changed: Counter[str] = Counter()
    for table in transaction.rows(SQL["columns"]):
        if table.name in PUBLISHED or table.name in REMEMBERED or table.name.startswith("tap_schema."):
            continue
        for row in _candidates(transaction, table, personal):
            values = {
                f"value{at}": personal.replace(text.encode())[0].decode()
                for at, text in enumerate(row[1:])
                if text is not None and personal.found_in(text)
            }
            if values:
                settings = ", ".join(
                    f"{table.columns[at]} = %(value{at})s::text::{table.types[at]}"
                    for at in range(len(table.columns))
                    if f"value{at}" in values
                )
                statement = SQL["replace"].format(table=table.table, settings=settings)
                changed[table.name] += transaction.execute(statement, place=row.place, **values)
    return dict(changed)


def _candidates(transaction: Transaction, table: Row, personal: PersonalTexts) -> list[Row]:
    """Return the rows of *table* that may contain the texts: its place and its columns with texts."""
    statement = SQL["candidates"].format(
        table=table.table,
        texts=", ".join(f"{column}::text AS text{at}" for at, column in enumerate(table.columns)),
        columns=", ".join(f"{column}::text" for column in table.columns),
    )
    return transaction.rows(statement, probes=personal.probes)


def _check_gone(transaction: Transaction, personal: PersonalTexts) -> tuple[str, ...]:
    """Check that no table contains the texts; return those of TAP_SCHEMA that do. Raises: DocumentError."""
    found = [
        table.name
        for table in transaction.rows(SQL["columns"])
        if any(
            personal.found_in(text)
            for row in _candidates(transaction, table, personal)
            for text in row[1:]
            if text is not None
        )
    ]
    left = [table for table in found if not table.startswith("tap_schema.")]
    if not left:
        return tuple(found)
    if naming := _documents_naming(transaction, personal):
        raise _unsafe(naming)
    raise DocumentError(
        f"{', '.join(left[:_SHOWN])} would still name this person; nothing was changed.",
        hint="Give the text as it is written there with --also.",
    )


def _documents_naming(transaction: Transaction, personal: PersonalTexts) -> list[int]:
    """Return the numbers of the documents whose records still contain the texts."""
    numbers = [row.ingestion for row in transaction.rows(SQL["documents"]) if row.format != "sql"]
    return [
        number
        for number in numbers
        for document in load_documents(transaction, [number])
        if any(personal.found_in(str(record_set.records)) for record_set in document.record_sets())
    ]
