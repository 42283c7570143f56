"""A cache of small files. A file is returned only if it is complete and unchanged.

A file is written under another name, and renamed when it is complete. Renaming is one step on every system. So another process
that looks at the same time finds the old file, the new file or no file. No lock is needed.
"""

import contextlib
import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import pooch

DAY = 24 * 3600


def folder() -> Path:
    """Where the cache is: $UNROLLED_CACHE, or the system's folder for caches. You can delete it at any time.

    Raises
    ------
    RuntimeError : this user has no home folder
    """
    return Path(os.environ.get("UNROLLED_CACHE") or pooch.os_cache("unrolled")).expanduser()


def file_name(label: str, *what: object) -> str:
    """The name of the file for `what`: a label for people, and a hash of everything that the content depends on.

    >>> file_name("6B.50d", ["king", "queen"])
    '6B.50d-79dbd433265f18b2210b710a1e92a96e.txt'
    """
    digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9.]+', '_', label)[:40]}-{digest[:32]}.txt"


def store(path: Path, lines: Iterable[bytes]) -> None:
    """Write the lines and a checksum of them, all or nothing.

    Raises
    ------
    OSError : it could not be written; then nothing is left behind, and what was there before is still there
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path.parent)
    part = path.with_name(f"{uuid.uuid4().hex}.part")
    try:
        with open(part, "xb") as file:  # not `tempfile`, whose files no other user may read
            checksum = _new_checksum(path)
            file.write(checksum.hexdigest().encode() + b"\n")  # a place for the real one
            for line in lines:
                checksum.update(line)
                file.write(line)
            file.seek(0)
            file.write(checksum.hexdigest().encode())
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink()
        # Windows refuses to replace a file that another process is reading; then there is one to be read.
        if not isinstance(error, PermissionError) or not _is_intact(path):
            raise


def open_stored(path: Path) -> BinaryIO | None:
    """What `store` wrote, open for reading at its first line; None if there is no such file or if it has changed.

    Raises
    ------
    OSError : the file is there and can't be read
    """
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        return None
    checksum, found = _new_checksum(path), file.readline(65).rstrip(b"\n")
    begin = file.tell()
    while block := file.read(1 << 17):
        checksum.update(block)
    if checksum.hexdigest().encode() == found:
        file.seek(begin)  # the same open file, so it is what was just checked even if another is put in its place
        return file
    file.close()
    return None


def _new_checksum(path: Path) -> "hashlib._Hash":
    return hashlib.sha256(path.name.encode())  # a file under another name is not the one that was stored


def _is_intact(path: Path) -> bool:
    try:
        file = open_stored(path)
    except OSError:
        return False
    if file:
        file.close()
    return file is not None


def _remove_leftovers(place: Path) -> None:
    """Delete what processes left behind that were killed while they wrote; pooch calls its unfinished files tmp…"""
    for part in (*place.glob("*.part"), *place.glob("tmp*")):
        with contextlib.suppress(OSError):  # another process was quicker, or it is another user's
            if time.time() - part.stat().st_mtime > DAY:
                part.unlink()
