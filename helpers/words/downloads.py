"""A published file on the web: pooch fetches it into the cache folder and compares its checksum; we watch that it arrives."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pooch
from tqdm import tqdm

STALL_TIMEOUT = 20.0  # seconds in which at least
MIN_BYTES = 1 << 16  # more bytes must arrive
CHUNK_SIZE = 1 << 14  # bytes that pooch writes at once


class _Progress:
    """What pooch tells of its progress: it moves a bar, counts what has arrived, and ends a download that was given up."""

    def __init__(self, label: str):
        self.file, self.arrived, self.is_given_up, self.total = Path(), 0, False, 0
        self._bar = tqdm(desc=label, unit="B", unit_scale=True, delay=1, leave=False)

    def update(self, count: int) -> None:
        if self.is_given_up:
            raise TimeoutError("given up")
        self.arrived += count
        self._bar.total = self.total or None
        self._bar.update(count)

    def reset(self) -> None:
        """pooch calls this at the end, to fill the bar."""

    def close(self) -> None:
        self._bar.close()

    def give_up(self) -> None:
        """Delete the unfinished file now; pooch's thread ends when something more arrives, or nothing for too long."""
        self.is_given_up = True
        with suppress(OSError):
            self.file.unlink()


@contextmanager
def published_file(url: str, name: str, md5: str, folder: Path | None, label: str) -> Iterator[Path]:
    """The file at an address, whole and with the right checksum: from the cache folder, or fetched into it.

    Where the folder cannot be written, the file is fetched into a temporary one, and deleted afterwards.

    Parameters
    ----------
    name   : of the file in the cache folder
    folder : the cache folder; None if this user has none
    label  : of the progress bar

    Raises
    ------
    OSError    : no answer, an answer that says "not found", too slow (TimeoutError), no room on the disk
    ValueError : not an address; another file than the published one
    """
    try:
        path = None if folder is None else _fetch(url, name, md5, folder, label)
    except OSError as error:
        if error.errno is None:  # it is about the network; what is about the disk has the system's number
            raise
        path = None
    if path is not None:
        yield path
        return
    with TemporaryDirectory() as place:
        yield _fetch(url, name, md5, Path(place), label)


def _fetch(url: str, name: str, md5: str, folder: Path, label: str) -> Path:
    """Wait for pooch as long as bytes arrive: no timeout of a socket covers everything that can take forever."""
    outcome: queue.Queue[Path | Exception] = queue.Queue()
    progress = _Progress(label)
    threading.Thread(target=_retrieve, args=(url, name, md5, folder, progress, outcome), daemon=True).start()
    found: Path | Exception | None = None
    try:
        while found is None:
            before = progress.arrived
            try:
                found = outcome.get(timeout=STALL_TIMEOUT)
            except queue.Empty:
                if progress.arrived - before < MIN_BYTES:
                    raise TimeoutError(f"fewer than {MIN_BYTES:,} bytes in {STALL_TIMEOUT:g} seconds") from None
    except BaseException:  # also where the learner stops the cell
        progress.give_up()
        raise
    finally:
        progress.close()
    if isinstance(found, Exception):
        raise found
    return found


def _retrieve(url: str, name: str, md5: str, folder: Path, progress: _Progress, outcome: "queue.Queue[Path | Exception]") -> None:
    """Put the path of the file, or the exception, into the queue."""
    # Without this header a server may compress the file once more, and then another file would arrive.
    headers = {"User-Agent": "unrolled", "Accept-Encoding": "identity"}
    download = pooch.HTTPDownloader(progressbar=progress, chunk_size=CHUNK_SIZE, timeout=STALL_TIMEOUT, headers=headers)

    def into(url: str, file: str, _: object) -> None:
        progress.file = Path(file)
        download(url, file, None)

    pooch.get_logger().setLevel("WARNING")  # the bar says enough
    try:
        path = Path(pooch.retrieve(url, f"md5:{md5}", name, folder, downloader=into))
        with suppress(OSError):  # it may be another user's file
            path.chmod(0o644)  # pooch takes a temporary file, which nobody else may read
        outcome.put(path)
    except OSError as error:
        outcome.put(error)
    except Exception:
        wrong = f"what arrived is not the published file, whose md5 is {md5}"
        outcome.put(ValueError(f"{wrong} (does this network ask you to log in first?)"))
