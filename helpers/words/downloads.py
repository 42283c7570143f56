"""A file on a web server, read from front to back while it arrives, for as long as it is wanted and no longer."""

import hashlib
import io
import queue
import threading
import time
from http.client import HTTPException
from typing import TYPE_CHECKING, TypeVar
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

T = TypeVar("T")

STALL_TIMEOUT = 20.0  # seconds in which at least
MIN_BYTES = 1 << 16  # more bytes must arrive
BLOCK_SIZE = 1 << 16
DOWNLOAD_ERRORS = (OSError, EOFError, HTTPException, ValueError)  # what a Download raises


class Download(io.RawIOBase):
    """The bytes at an address, as a file that can be read once.

    total    : how many bytes there will be, as the server says; None if it does not say so
    received : how many bytes have been read so far
    md5      : the checksum of those bytes

    A thread of its own asks the server, because no timeout of a socket covers everything that can take forever: finding
    the address, and answers that come one byte at a time. The reader waits `STALL_TIMEOUT` seconds for `MIN_BYTES` bytes.

    Raises, when it is made or read
    -------------------------------
    OSError       : no such address, no answer, an answer that says "not found", too slow (TimeoutError)
    EOFError      : fewer bytes than the server promised
    HTTPException : an answer that is not HTTP
    ValueError    : not an address; a web page in place of a file
    """

    def __init__(self, url: str):
        self.received, self.md5 = 0, hashlib.md5(usedforsecurity=False)
        self._lengths: queue.Queue[int | None | Exception] = queue.Queue()
        self._blocks: queue.Queue[bytes | Exception] = queue.Queue(maxsize=4)
        self._closed = threading.Event()
        self._seconds_left, self._bytes_left, self._block = STALL_TIMEOUT, MIN_BYTES, b""
        threading.Thread(target=_fetch, args=(url, self._lengths, self._blocks, self._closed), daemon=True).start()
        self.total = self._next(self._lengths)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        room = memoryview(buffer)
        if not self._block:
            self._block = self._next_block()
        part, self._block = self._block[: len(room)], self._block[len(room) :]
        room[: len(part)] = part
        return len(part)

    def _next_block(self) -> bytes:
        block = self._next(self._blocks)
        self.received += len(block)
        self.md5.update(block)
        self._bytes_left -= len(block)
        if self._bytes_left <= 0:
            self._seconds_left, self._bytes_left = STALL_TIMEOUT, MIN_BYTES
        if not block:
            self._blocks.put(b"")  # a reader that goes on at the end must find the end again
            if self.total is not None and self.total != self.received:
                raise EOFError(f"it broke off after {self.received:,} of {self.total:,} bytes")
        return block

    def _next(self, arrived: "queue.Queue[T | Exception]") -> T:
        began = time.monotonic()
        try:
            item = arrived.get(timeout=max(self._seconds_left, 0))
        except queue.Empty:
            raise TimeoutError(f"fewer than {MIN_BYTES:,} bytes in {STALL_TIMEOUT:g} seconds") from None
        self._seconds_left -= time.monotonic() - began  # only waiting counts, not what is done with the bytes
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self._closed.set()
        while not self._blocks.empty():  # so that a thread that waits for room sees that nobody reads any more
            self._blocks.get_nowait()
        super().close()


def _fetch(
    url: str,
    lengths: "queue.Queue[int | None | Exception]",
    blocks: "queue.Queue[bytes | Exception]",
    closed: threading.Event,
) -> None:
    """Put the length of the file into one queue and its blocks into the other, an empty block last; or the exception."""
    try:
        with urlopen(Request(url, headers={"User-Agent": "unrolled"}), timeout=STALL_TIMEOUT) as response:
            if url.startswith("https:") and not response.url.startswith("https:"):
                raise ValueError(f"it leads to {response.url}, which is not https")
            if "html" in response.headers.get("Content-Type", ""):
                raise ValueError("it is a web page; does this network ask you to log in first?")
            lengths.put(response.length)
            while not closed.is_set() and (block := response.read1(BLOCK_SIZE)):
                blocks.put(block)
        blocks.put(b"")
    except Exception as error:  # the reader raises it
        lengths.put(error)
        blocks.put(error)
