"""A file on a web server, read from front to back while it arrives, for as long as it is wanted and no longer."""

import hashlib
import io
import queue
import threading
import time
from http.client import HTTPException
from urllib.request import Request, urlopen

PATIENCE, LEAST = 20.0, 1 << 16  # so many seconds may pass until so many bytes more are there
BLOCK = 1 << 16
FAILED = (OSError, EOFError, HTTPException, ValueError)  # what a Download raises


class Download(io.RawIOBase):
    """The bytes of a page, as a file that can be read once.

    total    : how many bytes there will be, as the server says; None when it does not
    received : how many were read so far
    md5      : of those

    A thread of its own asks the server, because no timeout of a socket covers everything that can take forever: finding
    the address, and answers that come a byte at a time. Who reads waits `PATIENCE` seconds for `LEAST` bytes.

    Raises, when it is made or read
    -------------------------------
    OSError       : no such address, no answer, an answer that says "not found", too slow (TimeoutError)
    EOFError      : fewer bytes than the server promised
    HTTPException : an answer that is not HTTP
    ValueError    : an address that is none; a web page in place of a file
    """

    def __init__(self, url: str):
        self.received, self.md5 = 0, hashlib.md5(usedforsecurity=False)
        self._arrived, self._enough = queue.Queue(maxsize=4), threading.Event()
        self._patience, self._missing, self._block = PATIENCE, LEAST, b""
        threading.Thread(target=_fetch, args=(url, self._arrived, self._enough), daemon=True).start()
        self.total = self._next()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        if not self._block:
            self._block = self._next_block()
        part, self._block = self._block[: len(buffer)], self._block[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _next_block(self) -> bytes:
        block = self._next()
        self.received += len(block)
        self.md5.update(block)
        self._missing -= len(block)
        if self._missing <= 0:
            self._patience, self._missing = PATIENCE, LEAST
        if not block:
            self._arrived.put(b"")  # whoever reads on at the end shall find the end again
            if self.total not in (None, self.received):
                raise EOFError(f"it broke off after {self.received:,} of {self.total:,} bytes")
        return block

    def _next(self) -> int | bytes | None:
        began = time.monotonic()
        try:
            arrived = self._arrived.get(timeout=max(self._patience, 0))
        except queue.Empty:
            raise TimeoutError(f"fewer than {LEAST:,} bytes in {PATIENCE:g} seconds") from None
        self._patience -= time.monotonic() - began  # only waiting counts, not what is done with the bytes
        if isinstance(arrived, Exception):
            raise arrived
        return arrived

    def close(self) -> None:
        self._enough.set()
        while not self._arrived.empty():  # so that a thread that waits for room sees that it is enough
            self._arrived.get_nowait()
        super().close()


def _fetch(url: str, arrived: queue.Queue, enough: threading.Event) -> None:
    """Put the length into the queue, then the blocks, an empty one last; or the exception."""
    try:
        with urlopen(Request(url, headers={"User-Agent": "unrolled"}), timeout=PATIENCE) as response:
            if url.startswith("https:") and not response.url.startswith("https:"):
                raise ValueError(f"it leads to {response.url}, which is not https")
            if "html" in response.headers.get("Content-Type", ""):
                raise ValueError("it is a web page; does this network ask you to log in first?")
            arrived.put(response.length)
            while not enough.is_set() and (block := response.read1(BLOCK)):
                arrived.put(block)
        arrived.put(b"")
    except Exception as error:  # it belongs to whoever reads
        arrived.put(error)
