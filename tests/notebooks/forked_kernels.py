"""Kernels without the wait for their imports: one process imports torch and the like once, and each kernel is a fork of it.

The suite starts some forty kernels, and the imports of each would take a core three seconds. Jupyter sees an ordinary kernel:
what it starts is this file as a program, which asks the forking process for a kernel, passes signals on to it, and ends when
it ends. Only Linux forks such a process safely; elsewhere the kernels are those that Jupyter starts itself.
"""

import contextlib
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

CAN_FORK = sys.platform == "linux"
# What notebooks import, except the course's own helpers: how these are found and loaded is for each kernel to show.
IMPORTED = ["torch", "torch._dynamo", "matplotlib.pyplot", "ipywidgets", "ipykernel.kernelapp"]
BACKEND = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}  # as ipykernel sets it: matplotlib reads it at its import
MESSAGE = 1 << 17  # bytes: room for all environment variables
LISTENER = "--listener"


def start():
    """Let Jupyter's `python3` be a fork in this process and in all that it starts; return what must live as long as they."""
    folder = tempfile.TemporaryDirectory(prefix="kernels", ignore_cleanup_errors=True)
    address = str(Path(folder.name) / "socket")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen(64)
    command = [sys.executable, "-P", __file__, LISTENER, str(listener.fileno())]
    # It reads its standard input only to see it end, when this process does.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()], env=os.environ | BACKEND)
    kernel = {"argv": [sys.executable, "-ISP", __file__, address, "-f", "{connection_file}"], "language": "python"}
    place = Path(folder.name) / "kernels" / "python3" / "kernel.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(kernel | {"display_name": "Python 3 (forked)", "metadata": {"debugger": True}}), encoding="utf-8")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder.name, os.environ.get("JUPYTER_PATH")]))
    return folder, listener, process


def ask_for_kernel(address, *arguments):
    """What Jupyter starts: it stands for the kernel, which is no child of Jupyter's own."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.connect(address)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: server.send(bytes([number])))
        wanted = {"folder": os.getcwd(), "variables": dict(os.environ), "arguments": arguments}
        socket.send_fds(server, [json.dumps(wanted).encode()], [0, 1, 2])
        status = server.recv(1)
    sys.exit(status[0] if status else 1)


def wait_for_request(listener):
    """Fork for every request; this returns only in a process that shall be a kernel, with what was wanted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and these then end this process
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the guards
    while True:
        ready, *_ = wait_for(sys.stdin, listener)
        if ready is sys.stdin:
            sys.exit()
        for name in IMPORTED:  # at the first request only: most runs of the tests start no kernel
            importlib.import_module(name)
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            text, descriptors, *_ = socket.recv_fds(connection, MESSAGE, 3)
            kernel = os.fork()
            if kernel == 0:
                connection.close()
                return json.loads(text), descriptors
            guard(kernel, connection)
        connection.close()


def guard(kernel, connection):
    """Pass signals on to the kernel; end with it, and end it when the one who asked for it is gone."""
    process = os.pidfd_open(kernel)
    while connection in wait_for(connection, process):
        number = connection.recv(1)
        signal.pidfd_send_signal(process, number[0] if number else signal.SIGKILL)
        if not number:
            break
    status = os.waitstatus_to_exitcode(os.waitpid(kernel, 0)[1])
    with contextlib.suppress(OSError):  # when nobody is left to be told
        connection.send(bytes([status % 256]))
    os._exit(0)


def wait_for(*files):
    with selectors.DefaultSelector() as selector:
        for file in files:
            selector.register(file, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select()]


def become_kernel(wanted, descriptors):
    os.setsid()
    for place, descriptor in enumerate(descriptors):
        os.dup2(descriptor, place)
        os.close(descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["variables"])
    os.environ["JPY_PARENT_PID"] = str(os.getppid())  # its guard, without whom it ends
    sys.argv = ["ipykernel_launcher", *wanted["arguments"]]
    runpy.run_module(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    if sys.argv[1] == LISTENER:
        become_kernel(*wait_for_request(socket.socket(fileno=int(sys.argv[2]))))
    else:
        ask_for_kernel(*sys.argv[1:])
