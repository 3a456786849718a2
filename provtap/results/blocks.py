"""Blocks: rows on their way from COPY to a writer."""

from collections.abc import Iterable, Iterator


class Rows:
    """The rows of a result up to maxrec, and whether there were more (TAP 1.1, section 2.7.4).

    A block is a number of rows and their bytes in a form of COPY: whole rows, each ended by a newline.

    A result that is cut was asked for one row more than may be shown: the block that passes *maxrec* is
    not shown at all, so the rows beyond must come in blocks of their own. With *maxrec* 0 there is
    overflow without asking (TAP-15).
    """

    def __init__(self, blocks: Iterable[tuple[int, bytes]], maxrec: int) -> None:
        self._blocks = blocks
        self._maxrec = maxrec
        self.overflow = maxrec == 0

    @property
    def cut(self) -> str:
        """The sentence that tells an overflow."""
        return f"There are more rows: the result was cut at {self._maxrec}."

    def __iter__(self) -> Iterator[bytes]:
        left = self._maxrec
        for rows, data in self._blocks:  # to the end: a late failure shows there
            left -= rows
            if left >= 0:
                yield data
            else:
                self.overflow = True
