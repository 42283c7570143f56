"""What `start.py` does once the Python is new enough: set up .venv, then hand over to JupyterLab, pytest or a tool.

Only the standard library is imported here, because nothing else is installed before the first start.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

WINDOWS = os.name == "nt"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
STAMP = VENV / "installed.txt"  # written last of all: no stamp means no finished install
LOCK = ROOT / ".venv.lock"

COMMANDS = {
    "test": ["-m", "pytest"],
    "notebooks": [str(ROOT / "tools" / "store_notebooks.py")],
    "quiz": ["-m", "helpers.exercises.quiz"],
    "slides": [str(ROOT / "tools" / "make_slides.py")],
    "site": [str(ROOT / "tools" / "build_site.py")],
    "publish": [str(ROOT / "tools" / "publish.py")],
    "runtimes": [str(ROOT / "tools" / "runtimes.py")],
    "mutations": [str(ROOT / "tests" / "mutations" / "mutations.py")],
}
OPEN = [
    *("-m", "jupyterlab", "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"),
    # The terminal shows the address and how to stop. Ctrl-C then asks nothing back.
    *("--log-level=CRITICAL", "--LabApp.log_level=CRITICAL", "--ServerApp.log_format=%(message)s", "--ServerApp.answer_yes=True"),
]
HOW_TO_STOP = (
    "The course opens in your browser, or at the address below. Ctrl-C stops it. --log-level=INFO shows the server's log."
)
CONFIG = ROOT / "tools" / "jupyter"  # of the JupyterLab started from here, beside the learner's own

# Other environments or the learner may have set these variables. Each of them would make .venv or pip use wrong folders. The last
# one would make every kernel compile the course again.
TRAPS = {"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONDONTWRITEBYTECODE"}

# What failing tools say, and what to tell the learner. The first that fits is used.
CAUSES = [
    (("no space left", "not enough space", "quota exceeded"), "the disk is full: free about 6 GB and start again"),
    (
        (
            "connection broken",
            "connectionerror",
            "newconnectionerror",
            "max retries",
            "name resolution",
            "timed out",
            "getaddrinfo",
            "unreachable",
            "proxyerror",
            "incompleteread",
            "connection aborted",
            "connection reset",
        ),
        "there is no network, or the connection was lost: connect to the internet and start again",
    ),
    (
        ("permission denied", "access is denied", "read-only file system", "being used by another process"),
        f"a file in {ROOT} is write-protected or in use: close the course's other windows, then start again",
    ),
]


class SetUpFailed(Exception):
    """One sentence for the learner: what went wrong, and what to do."""


def main(arguments: list[str], usage: str) -> int:
    """Set up what is missing, then hand over to JupyterLab, pytest or a tool; return the exit code."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(usage.strip())
        return 0
    try:
        command = choose(arguments)
        set_up()
        if command[: len(OPEN)] == OPEN:
            say(HOW_TO_STOP)
        return hand_over([str(PYTHON), *command])
    except SetUpFailed as failure:
        return complain(failure)
    except OSError as error:
        return complain(f"Setting up the course in {ROOT} failed: {explain(str(error))}.")
    except KeyboardInterrupt:
        return 130  # what shells expect after Ctrl-C


def choose(arguments: list[str]) -> list[str]:
    """What .venv's Python must run."""
    first = arguments[0] if arguments else "--open"
    if first.startswith("-"):
        return [*OPEN, *arguments]
    if first not in COMMANDS:
        raise SetUpFailed(f"start.py does not know {first!r}: expected {', '.join(COMMANDS)}, or options for JupyterLab.")
    return [*COMMANDS[first], *arguments[1:]]


def set_up() -> None:
    """Make .venv and install the pinned packages, unless an earlier start has finished that."""
    if is_ready():
        return
    with only_one_start() as lock:
        if is_ready():  # another start has just done it
            return
        say("Installing the course's packages into .venv: this takes some minutes the first time.")
        wanted = stamp()
        is_whole = read_stamp()[0] == wanted[0] and venv_starts()
        if STAMP.exists():
            STAMP.unlink()
        if not is_whole:  # also after an interrupted install: pip cannot tell a half-copied package from a whole one
            make_venv(lock)
        run(
            [
                str(PYTHON),
                "-m",
                "pip",
                "install",
                "--requirement",
                "requirements.txt",
                "--no-input",
                "--progress-bar=off",
                "--disable-pip-version-check",
            ],
            "pip install",
            lock,
        )
        STAMP.write_text("\n".join(wanted), encoding="utf-8")
        say("Installed. The next start takes a second.")


def is_ready() -> bool:
    """Whether .venv contains all packages that this course needs, installed by this Python in this folder."""
    return read_stamp() == stamp() and venv_starts()


def stamp() -> list[str]:
    """Two lines: where and for which Python .venv was made (else make it again), and what is in it (else update it)."""
    files = [(ROOT / name).read_bytes() for name in ("requirements.txt", "pyproject.toml")]
    return [f"Python {VERSION} in {VENV}", hashlib.sha256(b"\0".join(files)).hexdigest()]


def read_stamp() -> list[str]:
    try:
        return STAMP.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return [""]


def venv_starts() -> bool:
    """Whether .venv's Python runs, and is of this version: upgrading the system's Python may leave it without one."""
    try:
        answer = subprocess.check_output(
            [str(PYTHON), "-ISc", "import sys; print('%d.%d' % sys.version_info[:2])"], stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.decode().strip() == VERSION


def make_venv(lock: IO[str]) -> None:
    try:
        import ensurepip  # noqa: F401  Debian and Ubuntu package this module and the next one apart from Python
        import venv  # noqa: F401
    except ImportError as error:
        raise SetUpFailed(
            f"This Python has no module {error.name!r}, which makes .venv: install it (on Debian and Ubuntu: "
            f"`sudo apt install python{VERSION}-venv`) and start again."
        ) from None
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()  # in the way, and perhaps a link to a place that is gone
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], "python -m venv", lock)


def run(command: list[str], name: str, lock: IO[str]) -> None:
    """Run one step of the set-up, showing only its latest line; raise SetUpFailed if it does not succeed."""
    # The child holds the lock too, so that a later start waits for it even if this process is killed.
    shared = () if WINDOWS else (lock.fileno(),)
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        pass_fds=shared,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None  # it is the pipe
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.strip())
            show_progress(lines[-1])
        status = process.wait()
    finally:
        process.kill()  # does nothing unless Ctrl-C came before the end
        show_progress("")
    if status < 0:
        raise SetUpFailed(
            f"Setting up the course failed: `{name}` was stopped from outside (signal {-status}), perhaps because memory "
            "ran out: start again."
        )
    if status > 0:
        reason = explain("\n".join(lines))
        raise SetUpFailed(f"Setting up the course failed in `{name}`: {reason}.")


def explain(text: str) -> str:
    """The cause that the output of a failing tool points to, and what to do; if none is known, its last line."""
    for signs, cause in CAUSES:
        if any(sign in text.lower() for sign in signs):
            return cause
    lines = text.splitlines() or ["nothing"]
    errors = [line for line in lines if line.startswith("ERROR:")]
    words = (errors or lines)[-1]
    return f"it says {words!r} under Python {VERSION}: fix that, or try another Python such as 3.12"


@contextlib.contextmanager
def only_one_start() -> Iterator[IO[str]]:
    """Wait until no other start is setting up .venv."""
    with open(LOCK, "w") as lock:
        if not try_lock(lock):
            say("Another start is setting up .venv: waiting for it.")
            while not try_lock(lock):
                time.sleep(0.5)
        yield lock


def try_lock(file: IO[str]) -> bool:
    """Whether the lock is ours now. The system frees it when its holders end, so no lock is ever left over."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass  # a file system without locks: start without one, because else nobody could start
    return True


def hand_over(command: list[str]) -> int:
    """Replace this process by `command`; on Windows, which cannot do that, wait for it."""
    os.chdir(ROOT)
    if not WINDOWS:
        os.execve(command[0], command, environment())
    process = subprocess.Popen(command, env=environment())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the command has seen Ctrl-C too, and decides


def environment() -> dict[str, str]:
    """The environment variables as if .venv were active and no other environment had been."""
    variables = {name: value for name, value in os.environ.items() if name not in TRAPS}
    path = str(PYTHON.parent) + os.pathsep + os.environ.get("PATH", "")
    config = os.pathsep.join(filter(None, [str(CONFIG), os.environ.get("JUPYTER_CONFIG_PATH")]))
    return variables | {"VIRTUAL_ENV": str(VENV), "PATH": path, "JUPYTER_CONFIG_PATH": config}


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(sentence: object) -> int:
    say(str(sentence))
    return 1


def show_progress(line: str) -> None:
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r" + line[:width].ljust(width) + "\r")
        sys.stderr.flush()
