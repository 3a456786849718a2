"""Decide how rows become BINARY2: by C-level maps, numpy or a loop from COPY's forms, or in SQL.

COPY, conversion and base64 together, in one process and without HTTP; the floor is COPY's text form alone.
The winner is what `provtap/results` does.
"""

import base64
import struct
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import methodcaller

import numpy as np
import rounds
from store import store

from provtap.database.connect import Pool, open_database
from provtap.database.row_queue import Block
from provtap.database.stream import copy_blocks

TEXTS = ["e_id", "e_class", "e_name", "e_location", "e_generatedattime", "e_value", "e_comment"]
SHOWN = [f"{'replace(x.%s::text, chr(32), chr(84))' if 'time' in c else 'x.%s'}" % c for c in TEXTS]
FROM_TEXTS = "FROM provenance.entity AS x"
NUMBERS = "n::smallint, n, n::bigint * 1000000007, (n / 7.0)::real, n / 7::float8, sqrt(n), -n"
FROM_NUMBERS = "FROM (SELECT mod(i, 30000)::int AS n FROM generate_series(1, {}) AS i) AS x"
INT = struct.Struct(">i")
PREFIXES = [INT.pack(n) for n in range(4096)]


def text_maps(blocks: Iterable[Block], columns: int) -> Iterator[bytes]:
    """Split the block once, then work through a column at a time with functions written in C."""
    flags = bytes((columns + 7) // 8)
    for rows, block in blocks:
        cells = block[:-1].replace(b"\n", b"\t").decode().split("\t")
        width = 1 + 2 * columns
        row = [flags] * (rows * width)
        for column in range(columns):
            encoded = list(map(methodcaller("encode", "utf-16-be"), cells[column::columns]))
            row[1 + 2 * column :: width] = [PREFIXES[len(e) // 2] for e in encoded]
            row[2 + 2 * column :: width] = encoded
        yield b"".join(row)


def text_numpy(blocks: Iterable[Block], columns: int) -> Iterator[bytes]:
    """Make of each separator the room for a length, encode the whole block, fill in the lengths."""
    head = b"\1\0\1"  # in UTF-16: flags and one byte too many, then the room for a length
    for _, block in blocks:
        room = head + block[:-1].replace(b"\t", b"\0\1").replace(b"\n", head)
        units = np.frombuffer(room.decode().encode("utf-16-be"), ">u2").copy()
        places = np.flatnonzero(units == 0)
        ends = np.append(places[1:], len(units))
        ends[columns - 1 :: columns] -= 1
        ends[-1] = len(units)
        lengths = ends - places - 2
        units[places] = lengths >> 16
        units[places + 1] = lengths & 0xFFFF
        units[places[::columns] - 1] = 0
        keep = np.ones(2 * len(units), bool)
        keep[2 * (places[::columns] - 1)] = False
        yield units.view(np.uint8)[keep].tobytes()


def binary_loop(blocks: Iterable[Block], columns: int) -> Iterator[bytes]:
    """Walk through COPY's binary form cell by cell."""
    flags = bytes((columns + 7) // 8)
    for _, block in blocks:
        at, end, row = 0, len(block), []
        while at < end:
            at += 2
            row.append(flags)
            for _ in range(columns):
                (length,) = INT.unpack_from(block, at)
                at += 4
                text = block[at : at + max(length, 0)].decode().encode("utf-16-be")
                row += (INT.pack(len(text) // 2), text)
                at += max(length, 0)
        yield b"".join(row)


def number_maps(blocks: Iterable[Block], columns: int) -> Iterator[bytes]:
    """Parse a column at a time with functions written in C."""
    kinds = [(int, ">h"), (int, ">i"), (int, ">q"), (float, ">f"), (float, ">d"), (float, ">d"), (int, ">i")]
    for rows, block in blocks:
        cells = block[:-1].replace(b"\n", b"\t").split(b"\t")
        row = [b"\0"] * (rows * (columns + 1))
        for column, (parse, form) in enumerate(kinds):
            row[column + 1 :: columns + 1] = map(struct.Struct(form).pack, map(parse, cells[column::columns]))
        yield b"".join(row)


def number_bytes(blocks: Iterable[Block], columns: int) -> Iterator[bytes]:
    """Take from rows of one length, as COPY's binary form has them without nulls, the bytes that count."""
    sizes = [2, 4, 8, 4, 8, 8, 4]
    keep, at = [0], 2
    for size in sizes:
        keep += range(at + 4, at + 4 + size)
        at += 4 + size
    for _, block in blocks:
        yield np.frombuffer(block, np.uint8).reshape(-1, at).take(keep, axis=1).tobytes()


def same(blocks: Iterable[Block], columns: int) -> Iterator[bytes]:
    """Change nothing: the floor, or rows that SQL formed."""
    for _, block in blocks:
        yield block


def in_sql(cells: list[str]) -> str:
    """Return SQL for a row as bytes; texts are in UTF-8, since PostgreSQL does not know UTF-16."""
    parts = (f"int4send(octet_length(s{n})) || convert_to(s{n}, 'UTF8')" for n in range(len(cells)))
    shown = ", ".join(f"coalesce({cell}, '') AS s{n}" for n, cell in enumerate(cells))
    return f"SELECT {' || '.join(parts)} FROM (SELECT {shown} {FROM_TEXTS}) AS y"


Route = tuple[str, str, Callable[[Iterable[Block], int], Iterator[bytes]]]
"""SQL, form of COPY, and conversion."""


def routes(rows: int) -> dict[str, dict[str, Route]]:
    """Return the ways for texts and for numbers, the floor first."""
    texts = f"SELECT {', '.join(SHOWN)} {FROM_TEXTS}"
    numbers = f"SELECT {NUMBERS} {FROM_NUMBERS.format(rows)}"
    return {
        "texts": {
            "COPY text": (texts, "text", same),
            "text, columns by functions in C": (texts, "text", text_maps),
            "text, whole blocks by replace and numpy": (texts, "text", text_numpy),
            "binary, a loop over cells": (texts, "binary", binary_loop),
            "formed in SQL, in UTF-8": (in_sql(SHOWN), "binary", same),
        },
        "numbers": {
            "COPY text": (numbers, "text", same),
            "text, columns by functions in C": (numbers, "text", number_maps),
            "binary, whole blocks by numpy": (numbers, "binary", number_bytes),
        },
    }


def convert(pool: Pool, route: Route) -> None:
    """COPY, convert and write base64."""
    sql, form, conversion = route
    blocks = copy_blocks(pool, sql, form=form, maxrec=10**9, duration=600, spool_bytes=10**10)
    for piece in conversion(blocks, 7):
        if conversion is not same:
            base64.b64encode(piece)


def main() -> None:
    """Run all ways."""
    parser = rounds.parser(__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    with store(options.rows) as settings, open_database(settings) as database:
        for kind, found in routes(options.rows).items():
            rounds.heading(
                f"How do {options.rows} rows x 7 of {kind} become BINARY2?",
                options.rounds,
                __doc__ if kind == "texts" else None,
            )
            ways = {
                name: partial(rounds.timed, convert, database.reader, route) for name, route in found.items()
            }
            rounds.ratios("COPY text", rounds.medians(ways, options.rounds))


if __name__ == "__main__":
    main()
