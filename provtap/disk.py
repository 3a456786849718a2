"""Limits of disk space, which may be nested, and a reserve that stays free."""

import os
import threading
from math import inf


class Room:
    """A limit of disk space in bytes: of one result, of all results of a client, or of a process.

    Space taken from the room of a result is also taken from that of its client, and so on outwards. *reserve*
    bytes of the file system must stay free for more important uses.
    """

    def __init__(self, limit: float = inf, whole: "Room | None" = None, *, reserve: int = 0) -> None:
        self._limit = limit
        self._whole = whole
        self._reserve = reserve
        self._used = 0
        self._lock = threading.Lock()

    def take(self, size: int, file: int) -> bool:
        """Take *size* bytes for the open *file*, if all limits allow it and all reserves stay free."""
        with self._lock:
            if self._used + size > self._limit or free_bytes(file) - size < self._reserve:
                return False
            if self._whole is not None and not self._whole.take(size, file):
                return False
            self._used += size
        return True

    def give_back(self, size: int | None = None) -> None:
        """Give back *size* bytes; None: all bytes taken from this room."""
        with self._lock:
            size = self._used if size is None else size
            self._used -= size
        if self._whole is not None:
            self._whole.give_back(size)


def free_bytes(file: int) -> int:
    """Return the free bytes of the file system of an open *file*, for users other than root."""
    found = os.fstatvfs(file)
    return found.f_bavail * found.f_frsize
