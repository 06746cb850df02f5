"""The body of a request, which is read only once the request may run.

Any page in the learner's browser can send a huge body here, so nothing of a refused request is held in memory.
"""

from __future__ import annotations

from io import BufferedIOBase
from typing import Any

from werkzeug.serving import DechunkedInput

SKIPPED_BYTES = 100_000_000
_PIECE_BYTES = 65_536


class Gone(ConnectionError):
    """The client has hung up, or sends chunks that can't be read."""


class Body:
    """The body of a request, behind its head.

    Args:
        stream: the connection, at the end of the head.
        transfer_encoding, content_length: the headers, "" if the request has none.

    Raises:
        ValueError: the length isn't a number.
    """

    def __init__(self, stream: BufferedIOBase, transfer_encoding: str, content_length: str) -> None:
        length = content_length.strip() or "0"
        self.is_chunked = "chunked" in transfer_encoding.lower()
        if not (self.is_chunked or (length.isascii() and length.isdigit())):
            raise ValueError(f"Content-Length is {length!r} instead of a number of bytes.")
        whole: Any = stream  # werkzeug wants an IO, and the standard library says BufferedIOBase
        self._stream = DechunkedInput(whole) if self.is_chunked else stream
        self._left_bytes = None if self.is_chunked else int(length)

    def read(self, most_bytes: int = -1) -> bytes:
        """The next bytes, all that are left if `most_bytes` is negative.

        Raises:
            Gone: the client hung up before the end.
        """
        if self._left_bytes is not None:
            most_bytes = self._left_bytes if most_bytes < 0 else min(most_bytes, self._left_bytes)
        try:
            content = (self._stream.read(most_bytes) if most_bytes else None) or b""
        except OSError as error:
            raise Gone(f"The body can't be read: {error}") from error
        if self._left_bytes is not None:
            if len(content) < most_bytes:
                raise Gone("The client hung up in the middle of the body.")
            self._left_bytes -= most_bytes
        return content

    def skip(self) -> bool:
        """Drops what nobody has read, because many clients read no answer before they have sent everything.

        Returns:
            Whether the next bytes of the connection are another request.
        """
        for _ in range(0, SKIPPED_BYTES, _PIECE_BYTES):
            if not self.read(_PIECE_BYTES):
                return not self.is_chunked  # trailers are not read
        return False
