"""start.py and tools/launcher.py, with stand-ins for all that they would install: nothing here needs the network."""

import ast
import contextlib
import importlib.util
import json
import os
import runpy
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).resolve().parent.parent
START, LAUNCHER = ROOT / "start.py", ROOT / "tools" / "launcher.py"
OLD_VERSION = (3, 10, 9, "final", 0)


def load(folder=ROOT):
    """The launcher of `folder` as a module, read again as each new start does."""
    spec = importlib.util.spec_from_file_location("launcher", folder / "tools" / "launcher.py")
    launcher = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(launcher)
    return launcher


def make_course(folder):
    """What a start needs of the course: the two files it runs, and two that say what to install, which is nothing."""
    (folder / "tools").mkdir(parents=True)
    (folder / "start.py").write_bytes(START.read_bytes())
    (folder / "tools" / "launcher.py").write_bytes(LAUNCHER.read_bytes())
    (folder / "requirements.txt").write_text("# nothing\n")
    (folder / "pyproject.toml").write_text("")


class Course:
    """A copy whose set-up steps are only written down, and leave behind what real ones would."""

    def __init__(self, folder, monkeypatch):
        make_course(folder)
        self.folder, self.monkeypatch = folder, monkeypatch
        self.stop_in = self.stop_with = None
        self.reload()

    def reload(self):
        self.start = load(self.folder)
        self.monkeypatch.setattr(self.start, "run", self.run)
        self.monkeypatch.setattr(self.start, "venv_starts", lambda: self.start.PYTHON.exists())
        self.monkeypatch.setattr(self.start, "hand_over", self.hand_over)

    def run(self, command, name, lock):
        self.steps.append(name)
        assert not self.start.STAMP.exists(), "an unfinished .venv must not carry the stamp"
        self.start.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        if name == self.stop_in:
            raise self.stop_with
        if name == "python -m venv":
            self.start.PYTHON.write_text("")

    def hand_over(self, command):
        self.command = command
        return 0

    def __call__(self, *arguments):
        """One start: its exit code, and in `steps` and `command` what it did."""
        self.steps, self.command = [], None
        return self.start.main(list(arguments), usage="how to use start.py")


BOTH = ["python -m venv", "pip install"]


@pytest.fixture
def course(tmp_path, monkeypatch):
    return Course(tmp_path / "course", monkeypatch)


def one_line(capsys):
    """What the learner is told: a single line, which is returned."""
    told = capsys.readouterr().err
    assert told.endswith("\n") and told.count("\n") == 1, told
    return told


# ---- the commands


@pytest.mark.parametrize(
    "arguments, module",
    [((), "jupyterlab"), (("--no-browser", "--port", "8899"), "jupyterlab"), (("test", "-k", "shapes"), "pytest")],
)
def test_further_arguments_are_passed_on(course, arguments, module):
    assert course(*arguments) == 0
    assert course.command[:3] == [str(course.start.PYTHON), "-m", module]
    expected = [argument for argument in arguments if argument != "test"]
    assert course.command[len(course.command) - len(expected) :] == expected


def test_the_course_opens_at_its_first_notebook(course):
    course()
    assert any(argument.endswith("/notebooks/00_start_here.ipynb") for argument in course.command)
    assert (ROOT / "notebooks" / "00_start_here.ipynb").is_file()


@pytest.mark.parametrize(
    "command, tool",
    [("notebooks", "store_notebooks.py"), ("site", "build_site.py"), ("publish", "publish.py"), ("runtimes", "runtimes.py")],
)
def test_a_command_runs_its_tool(course, command, tool):
    assert course(command, "02", "03") == 0
    assert course.command[1:] == [str(course.folder / "tools" / tool), "02", "03"]
    assert (ROOT / "tools" / tool).is_file()


def test_start_asks_the_launcher_wherever_it_is_called(tmp_path):
    make_course(tmp_path / "course")
    command = [sys.executable, str(tmp_path / "course" / "start.py"), "--help"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout.strip() == ast.get_docstring(ast.parse(START.read_text(encoding="ascii"))), run.stderr


def test_help_installs_nothing(course, capsys):
    assert course("--help") == 0
    assert capsys.readouterr().out == "how to use start.py\n"
    assert course.steps == [] and course.command is None


def test_an_unknown_command_is_named(course, capsys):
    assert course("tests") == 1
    told = one_line(capsys)
    assert "'tests'" in told and "test, notebooks" in told
    assert course.steps == []


# ---- what is installed when


def test_the_second_start_installs_nothing(course):
    course()
    assert course.steps == BOTH
    course.reload()
    course()
    assert course.steps == [] and course.command is not None


@pytest.mark.parametrize("step", BOTH)
@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(), OSError("power cut")], ids=repr)
def test_an_interrupted_install_is_made_anew(course, step, stop):
    course.stop_in, course.stop_with = step, stop
    with contextlib.suppress(SystemExit):
        assert course() != 0
    assert course.command is None
    course.stop_in = None
    course.reload()
    assert course() == 0
    assert course.steps == BOTH


@pytest.mark.parametrize("left", ["", "Python 3", "\udcff"], ids=["empty", "cut", "garbage"])
def test_an_install_stopped_at_its_stamp_is_made_anew(course, left):
    course()
    course.start.STAMP.write_bytes(left.encode("utf-8", "surrogateescape"))
    course()
    assert course.steps == BOTH


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_changed_requirements_are_installed_into_the_same_venv(course, name):
    course()
    (course.folder / name).write_text("# changed")
    course()
    assert course.steps == ["pip install"]


def test_an_update_that_was_interrupted_starts_anew(course):
    course()
    (course.folder / "requirements.txt").write_text("# changed")
    course.stop_in, course.stop_with = "pip install", KeyboardInterrupt()
    assert course() == 130
    course.stop_in = None
    course()
    assert course.steps == BOTH


def test_a_venv_without_its_python_is_made_anew(course):
    course()
    course.start.PYTHON.unlink()
    course()
    assert course.steps == BOTH


@pytest.mark.parametrize("leftover", ["file", "link"])
def test_something_else_called_venv_gives_way(course, leftover):
    if leftover == "file":
        course.start.VENV.write_text("")
    else:
        try:
            course.start.VENV.symlink_to(course.folder / "gone")
        except OSError:
            pytest.skip("this system lets only administrators make links")
    assert course() == 0
    assert course.steps == BOTH and not course.start.VENV.is_symlink()


def test_a_venv_of_another_python_version_is_made_anew(course):
    course()
    course.start.VERSION = "3.99"
    course()
    assert course.steps == BOTH


def test_a_moved_folder_is_made_anew(course):
    course()
    course.folder = course.folder.rename(course.folder.parent / "moved")
    course.reload()
    course()
    assert course.steps == BOTH


def test_venv_starts_asks_the_python_itself(tmp_path):
    start = load()
    start.PYTHON = Path(sys.executable)
    assert start.venv_starts()
    start.VERSION = "2.7"
    assert not start.venv_starts()
    start = load()
    start.PYTHON = tmp_path / "gone"
    assert not start.venv_starts()


def test_two_starts_at_once_install_once(course, capsys):
    run, say, waits = course.run, course.start.say, threading.Event()

    def run_when_the_other_waits(command, name, lock):
        assert waits.wait(60)
        run(command, name, lock)

    def notice(text):
        say(text)
        if "waiting" in text:
            waits.set()

    course.start.run, course.start.say = run_when_the_other_waits, notice
    course.steps = []
    threads = [threading.Thread(target=course.start.set_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert course.steps == BOTH
    assert capsys.readouterr().err.count("waiting") == 1


def test_a_lock_is_never_stale(course):
    with open(course.start.LOCK, "w") as later:
        with open(course.start.LOCK, "w") as first:
            assert course.start.try_lock(first)
            assert not course.start.try_lock(later)
        assert course.start.try_lock(later)


# ---- one clear sentence


def test_ctrl_c_is_quiet(course, capsys):
    course.stop_in, course.stop_with = "pip install", KeyboardInterrupt()
    assert course() == 130
    assert one_line(capsys).startswith("Installing")


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_venv_module_is_named(course, monkeypatch, capsys, module):
    monkeypatch.setitem(sys.modules, module, None)
    assert course() == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2 and repr(module) in told[1] and "-venv`" in told[1]
    assert course.steps == [] and course.command is None


def test_a_folder_one_may_not_write_to(course, capsys):
    course.stop_in, course.stop_with = "python -m venv", PermissionError(13, "Permission denied", ".venv")
    assert course() == 1
    assert "write-protected" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, advice",
    [
        ("WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching distribution found", "network"),
        ("socket.gaierror: Temporary failure in name resolution", "network"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("OSError: [WinError 112] There is not enough space on the disk", "disk is full"),
        ("PermissionError: [WinError 5] Access is denied: 'python.exe'", "in use"),
        (
            "Collecting x\nERROR: No matching distribution found for x==9\n\nnotice",
            "'ERROR: No matching distribution found for x==9'",
        ),
        ("", "'nothing'"),
    ],
)
def test_a_failing_step_is_explained(tmp_path, capsys, words, advice):
    start = load()
    script = f"print({words!r}); raise SystemExit(1)"
    with open(tmp_path / "lock", "w") as lock, pytest.raises(start.SetUpFailed) as failure:
        start.run([sys.executable, "-c", script], "pip install", lock)
    told = str(failure.value)
    assert "pip install" in told and advice in told and "\n" not in told
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_killed_step_is_explained(tmp_path):
    start = load()
    script = "import os; os.kill(os.getpid(), 9)"
    with open(tmp_path / "lock", "w") as lock, pytest.raises(start.SetUpFailed, match="signal 9"):
        start.run([sys.executable, "-c", script], "pip install", lock)


def test_ctrl_c_ends_the_step_too(tmp_path):
    start = load()

    def interrupt(line):
        raise KeyboardInterrupt

    start.show_progress = interrupt
    with open(tmp_path / "lock", "w") as lock:
        start.try_lock(lock)
        with pytest.raises(KeyboardInterrupt):
            start.run([sys.executable, "-uc", "print('at it'); import time; time.sleep(60)"], "pip install", lock)
    with open(tmp_path / "lock", "w") as lock:  # free once the step that shared it is gone
        deadline = time.monotonic() + 10
        while not start.try_lock(lock):
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="Windows hands no open files on")
def test_a_step_that_outlives_its_start_keeps_the_lock(tmp_path):
    start = load()
    seen = []

    def close_the_lock(line):
        lock.close()  # as if start.py had been killed
        with open(tmp_path / "lock", "w") as later:
            seen.append(start.try_lock(later))
        (tmp_path / "seen").touch()

    start.show_progress = close_the_lock
    lock = open(tmp_path / "lock", "w")
    start.try_lock(lock)
    until_seen = "print('at it')\nimport os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.01)"
    start.run([sys.executable, "-uc", until_seen, str(tmp_path / "seen")], "pip install", lock)
    assert seen == [False, True]  # while the step ran, and after it


# ---- old Pythons


def test_a_too_old_python_is_told_so(monkeypatch):
    monkeypatch.setattr(sys, "version_info", OLD_VERSION)
    monkeypatch.setattr(sys, "version", "3.10.9 (main)")
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(START), run_name="__main__")
    assert "3.11 or newer" in stop.value.code and "3.10.9" in stop.value.code


def test_old_pythons_can_read_the_file_as_far_as_that():
    tree = ast.parse(START.read_bytes().decode("ascii"), feature_version=(3, 7))
    kinds = [type(statement) for statement in tree.body]
    assert [ast.unparse(node) for node in tree.body[: kinds.index(ast.If)] if isinstance(node, ast.Import)] == [
        "import os",
        "import sys",
    ]
    assert kinds.index(ast.If) < kinds.index(ast.ImportFrom)  # the launcher, which only a new Python can read
    for node in ast.walk(tree):
        assert not isinstance(node, (ast.JoinedStr, ast.AnnAssign, ast.FunctionDef, ast.NamedExpr, ast.Starred))


# ---- for real, with a requirements.txt that asks for nothing


@pytest.mark.sweep
def test_a_real_start_from_elsewhere_heals_a_broken_venv_whatever_environment_is_active(tmp_path):
    folder = tmp_path / "a path with spaces"
    make_course(folder)
    (folder / "pytest.py").write_text("import os, sys; print(sys.prefix, os.environ['VIRTUAL_ENV'], sys.argv[1:], sep='\\n')")
    variables = dict(
        os.environ, VIRTUAL_ENV=str(tmp_path / "gone"), PYTHONPATH=str(tmp_path / "gone"), PIP_USER="1", PIP_NO_INDEX="1"
    )

    venv = folder / ".venv"
    (venv / "bin").mkdir(parents=True)  # half-made, and its Python is gone
    if os.name != "nt":
        (venv / "bin" / "python").symlink_to("/gone/python")

    def start():
        return subprocess.run(
            [sys.executable, str(folder / "start.py"), "test", "-k", "one word"],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            timeout=120,
        )

    first = start()
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == [str(venv), str(venv), "['-k', 'one word']"]
    assert first.stderr.startswith("Installing the course's packages")
    second = start()
    assert (second.stdout, second.stderr) == (first.stdout, "")


# ---- the settings of the JupyterLab that is opened ----------------------------------------------------------------


def test_the_opened_jupyterlab_reads_the_settings_of_the_course(monkeypatch):
    start = load()
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "their own")
    assert start.environment()["JUPYTER_CONFIG_PATH"].split(os.pathsep) == [str(start.CONFIG), "their own"]
    overrides = json.loads((start.CONFIG / "labconfig" / "default_setting_overrides.json").read_text(encoding="utf-8"))
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_the_opened_jupyterlab_prints_its_address_and_nothing_else(tmp_path):
    options = [*load().OPEN[2:], "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--ServerApp.root_dir={tmp_path}"]
    own = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyterlab", *options]
    process = subprocess.Popen(command, env=os.environ | own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        end = time.monotonic() + 90
        while time.monotonic() < end and not list(tmp_path.glob("RUNTIME/jpserver-*.json")) and process.poll() is None:
            time.sleep(0.2)
    finally:
        process.terminate()
        said = [line for line in process.communicate(timeout=60)[0].splitlines() if line.strip()]
    said = [line for line in said if not line.startswith("received signal")]  # which is how this test ends it
    assert any("http://" in line for line in said) and all("://" in line or line.endswith(":") for line in said), said


def test_the_opened_jupyterlab_finds_the_extension_that_names_controls():
    config = PyFileConfigLoader("jupyter_server_config.py", path=str(load().CONFIG)).load_config()
    (folder,) = map(Path, config.LabApp.extra_labextensions_path)
    package = json.loads((folder / "unrolled" / "package.json").read_text(encoding="utf-8"))
    assert (folder / "unrolled" / package["jupyterlab"]["_build"]["load"]).is_file()


def test_what_a_kernel_says_reaches_the_page_at_once(monkeypatch):
    monkeypatch.setenv("JUPYTER_WIDGETS_ECHO", "set here so that it is put back afterwards")
    monkeypatch.delenv("JUPYTER_WIDGETS_ECHO")
    config = PyFileConfigLoader("jupyter_server_config.py", path=str(load().CONFIG)).load_config()
    assert os.environ["JUPYTER_WIDGETS_ECHO"] == "0"
    connection, done = config.ServerApp.kernel_websocket_connection_class, []
    monkeypatch.setattr(connection.__bases__[0], "connect", lambda self: done.append("connected"))
    ours = object.__new__(connection)  # without the server it belongs to
    handler = SimpleNamespace(set_nodelay=lambda on: done.append(("nodelay", on)))
    monkeypatch.setattr(connection, "websocket_handler", handler)
    ours.connect()
    assert done == [("nodelay", True), "connected"]
