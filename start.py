"""Open the course, or prove that it works: the one command of Unrolled.

    python start.py [options]            open the course in JupyterLab
    python start.py test [options]       test the helpers and run every notebook; --all adds what takes minutes
    python start.py notebooks [names]    run the notebooks again and store their outputs
    python start.py quiz                 shapes to be guessed, in this terminal, with a score
    python start.py slides [names]       make slides of the notebooks, in build/slides
    python start.py site [folder]        write the course as plain pages, to be read without a kernel
    python start.py publish <address>    put badges and the lines that fetch the helpers into every notebook
    python start.py runtimes [names]     run the tests with the oldest, Colab's, and the newest packages
    python start.py mutations [options]  plant faults in a copy, and count how many the tests catch

Further options go to JupyterLab (--no-browser, --port 8899) or to pytest (-k shapes). The first start makes the
folder .venv and installs the pinned packages into it; later starts find that done and install nothing.
"""

import sys

# No newer syntax than Python 2.7 can read in this whole file (no f-strings): an old Python must get as far as this.
OLDEST = (3, 11)
if sys.version_info < OLDEST:
    sys.exit(
        "Unrolled needs Python {0}.{1} or newer, and this is Python {2}: install a newer Python and start again "
        "with it, for example `python{0}.{1} start.py`.".format(OLDEST[0], OLDEST[1], sys.version.split()[0])
    )

import contextlib
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

WINDOWS = os.name == "nt"
VERSION = "{}.{}".format(*sys.version_info[:2])
ROOT = Path(__file__).resolve().parent
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
OPEN = ["-m", "jupyterlab", "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"]
CONFIG = ROOT / "tools" / "jupyter"  # of the JupyterLab started from here, beside the learner's own

# Set by other environments or by hand, each of these would lead .venv or pip astray.
TRAPS = {"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}

# What failing tools say, and what to tell the learner; the first that fits wins.
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
        "there is no network, or it broke off: connect to the internet and start again",
    ),
    (
        ("permission denied", "access is denied", "read-only file system", "being used by another process"),
        "a file in {} is write-protected or in use: close the course's other windows, then start again".format(ROOT),
    ),
]


class Failed(Exception):
    """One sentence for the learner: what went wrong, and what to do."""


def main(arguments):
    """Set up what is missing, then hand over to JupyterLab, pytest or the notebook runner; return the exit code."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    try:
        command = choose(arguments)
        set_up()
        return hand_over([str(PYTHON)] + command)
    except Failed as failure:
        return complain(failure)
    except OSError as error:
        return complain("Setting up the course in {} failed: {}.".format(ROOT, explain(str(error))))
    except KeyboardInterrupt:
        return 130  # what shells expect after Ctrl-C


def choose(arguments):
    """What .venv's Python shall run."""
    first = arguments[0] if arguments else "--open"
    if first.startswith("-"):
        return OPEN + arguments
    if first not in COMMANDS:
        raise Failed("start.py does not know {!r}: expected {}, or options for JupyterLab.".format(first, ", ".join(COMMANDS)))
    return COMMANDS[first] + arguments[1:]


def set_up():
    """Make .venv and install the pinned packages, unless an earlier start has finished that."""
    if is_ready():
        return
    with only_one_start() as lock:
        if is_ready():  # the start we waited for has done it
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


def is_ready():
    """Whether .venv holds all that this course asks for, put there by this Python in this place."""
    return read_stamp() == stamp() and venv_starts()


def stamp():
    """Two lines: where and for which Python .venv was made (else make it anew), and what it holds (else update it)."""
    files = [(ROOT / name).read_bytes() for name in ("requirements.txt", "pyproject.toml")]
    return ["Python {} in {}".format(VERSION, VENV), hashlib.sha256(b"\0".join(files)).hexdigest()]


def read_stamp():
    try:
        return STAMP.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return [""]


def venv_starts():
    """Whether .venv's Python runs, and is of this version: upgrading the system's Python may leave it without one."""
    try:
        answer = subprocess.check_output(
            [str(PYTHON), "-ISc", "import sys; print('%d.%d' % sys.version_info[:2])"], stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.decode().strip() == VERSION


def make_venv(lock):
    try:
        import ensurepip, venv  # noqa: E401, F401  Debian and Ubuntu ship these two apart from Python
    except ImportError as error:
        raise Failed(
            "This Python has no module {!r}, which makes .venv: install it (on Debian and Ubuntu: "
            "`sudo apt install python{}-venv`) and start again.".format(error.name, VERSION)
        )
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()  # in the way, and perhaps a link to a place that is gone
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], "python -m venv", lock)


def run(command, name, lock):
    """Run one step of the set-up, showing only the line it is at; raise Failed if it does not succeed."""
    # The child holds the lock too, so that a later start waits for it even if this process is killed.
    options = {} if WINDOWS else {"pass_fds": [lock.fileno()]}
    options.update(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    process = subprocess.Popen(command, cwd=str(ROOT), env=environment(), **options)
    lines = []
    try:
        for line in process.stdout:
            lines.append(line.strip())
            show_progress(lines[-1])
        status = process.wait()
    finally:
        process.kill()  # does nothing unless Ctrl-C came before the end
        show_progress("")
    if status < 0:
        raise Failed(
            "Setting up the course failed: `{}` was stopped from outside (signal {}), perhaps because memory "
            "ran out: start again.".format(name, -status)
        )
    if status > 0:
        raise Failed("Setting up the course failed in `{}`: {}.".format(name, explain("\n".join(lines))))


def explain(text):
    """The cause a failing tool's words point to, with its remedy; if none is known, its own last words."""
    for signs, cause in CAUSES:
        if any(sign in text.lower() for sign in signs):
            return cause
    lines = text.splitlines() or ["nothing"]
    errors = [line for line in lines if line.startswith("ERROR:")]
    words = (errors or lines)[-1]
    return "it says {!r} under Python {}: mend that, or try another Python such as 3.12".format(words, VERSION)


@contextlib.contextmanager
def only_one_start():
    """Wait until no other start is setting up .venv."""
    with open(str(LOCK), "w") as lock:
        if not try_lock(lock):
            say("Another start is setting up .venv: waiting for it.")
            while not try_lock(lock):
                time.sleep(0.5)
        yield lock


def try_lock(file):
    """Whether the lock is ours now. The system frees it when its holders end, in whatever way: none is ever stale."""
    try:
        if WINDOWS:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass  # a file system without locks: better unguarded than shut out
    return True


def hand_over(command):
    """Let `command` take this process's place; on Windows, which cannot do that, wait for it."""
    os.chdir(str(ROOT))
    if not WINDOWS:
        os.execve(command[0], command, environment())
    process = subprocess.Popen(command, env=environment())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the command has seen Ctrl-C too, and decides


def environment():
    """The environment variables as if .venv were active and no other environment had been."""
    variables = {name: value for name, value in os.environ.items() if name not in TRAPS}
    path = str(PYTHON.parent) + os.pathsep + os.environ.get("PATH", "")
    config = os.pathsep.join(filter(None, [str(CONFIG), os.environ.get("JUPYTER_CONFIG_PATH")]))
    return dict(variables, VIRTUAL_ENV=str(VENV), PATH=path, JUPYTER_CONFIG_PATH=config)


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(sentence):
    say(str(sentence))
    return 1


def show_progress(line):
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r" + line[:width].ljust(width) + "\r")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
