"""Decodes the text of a STREAM, piece by piece (RFC 4648, section 4)."""

from binascii import a2b_base64


class Base64:
    """Decodes text in pieces of any length, ignoring blanks and line ends."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._rest = ""
        self._is_over = False

    def feed(self, text: str) -> None:
        """Decode the next piece.

        Raises: ValueError if it is not base64.
        """
        self._rest += "".join(text.split())
        whole = len(self._rest) // 4 * 4
        if whole:
            if self._is_over:
                raise ValueError("data after the end")
            piece, self._rest = self._rest[:whole], self._rest[whole:]
            self._data += a2b_base64(piece, strict_mode=True)
            self._is_over = piece.endswith("=")

    def close(self) -> bytes:
        """Return all decoded bytes.

        Raises: ValueError if the text is incomplete.
        """
        if self._rest:
            raise ValueError("not a multiple of four characters")
        return bytes(self._data)
