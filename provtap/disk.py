"""Disk that may be used: limits within limits, and a reserve that stays free."""

import os
import threading
from math import inf


class Room:
    """Bytes of disk that may be used together: by one result, by those of a client, by those of a process.

    What is taken from the room of a result is also taken from that of its client, and so on outwards.
    *reserve* is what has to stay free of the file system, for others who need it more.
    """

    def __init__(self, limit: float = inf, whole: "Room | None" = None, *, reserve: int = 0) -> None:
        self._limit = limit
        self._whole = whole
        self._reserve = reserve
        self._used = 0
        self._lock = threading.Lock()

    def take(self, size: int, file: int) -> bool:
        """Take *size* bytes for the open *file*, if every limit allows it and every reserve stays free."""
        with self._lock:
            if self._used + size > self._limit or free_bytes(file) - size < self._reserve:
                return False
            if self._whole is not None and not self._whole.take(size, file):
                return False
            self._used += size
        return True

    def give_back(self, size: int | None = None) -> None:
        """Return *size* bytes; None: all that was taken from here."""
        with self._lock:
            size = self._used if size is None else size
            self._used -= size
        if self._whole is not None:
            self._whole.give_back(size)


def free_bytes(file: int) -> int:
    """Return the bytes that are free on the file system of an open *file*, for other users than root."""
    found = os.fstatvfs(file)
    return found.f_bavail * found.f_frsize
