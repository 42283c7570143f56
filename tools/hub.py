"""A JupyterHub on the loopback for a test: deploy/jupyterhub_config.py, except for who may sign in and where learners' homes are.

It needs what deploy/requirements.txt and deploy/package.json name. Everything it writes is in one folder.
"""

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
MISSING = (
    "A hub needs more than the course: `.venv/bin/pip install -r deploy/requirements.txt` and `npm install --prefix deploy`."
)

# There are no passwords and no accounts of this machine. Use this only for a test on the loopback.
CONFIG = """
load_subconfig({config!r})
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Spawner.args.append("--allow-root")
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[1]}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[2]}"
c.JupyterHub.services = [{{"name": "teacher", "api_token": {token!r}}}]
scopes = ["admin:users", "admin:servers", "access:servers", "admin:server_state"]
c.JupyterHub.load_roles = [{{"name": "teacher", "services": ["teacher"], "scopes": scopes}}]
"""


class Hub:
    """A hub in `folder`; learners' homes are folder/h/NAME. `async with Hub(folder) as hub: ...` starts and ends it."""

    def __init__(self, folder: str | Path):
        self.folder, self.token = Path(folder), secrets.token_hex(16)
        ports = free_ports(3)
        self.address = f"http://127.0.0.1:{ports[0]}"
        homes = str(self.folder / "h" / "{username}")  # short: the path of a socket has 107 letters at most
        text = CONFIG.format(config=str(DEPLOY / "jupyterhub_config.py"), homes=homes, ports=ports, token=self.token)
        (self.folder / "jupyterhub_config.py").write_text(text, encoding="utf-8")
        AsyncHTTPClient.configure("tornado.simple_httpclient.SimpleAsyncHTTPClient", max_clients=200)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        stops = [self.call("DELETE", f"users/{name}/server", accept=(400, 404)) for name in await self.users()]
        await asyncio.gather(*stops)
        self.stop()

    async def start(self, seconds: float = 90) -> None:
        """Start the hub's process, and come back once it answers."""
        own = {name: str(self.folder / name) for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
        with open(self.folder / "log.txt", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "--config", "jupyterhub_config.py"],
                cwd=self.folder,
                env=os.environ | own,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                await self.call("GET", "users")
                return
            except (OSError, HTTPClientError):
                await asyncio.sleep(0.3)
        self.stop()
        raise RuntimeError("The hub did not start:\n" + (self.folder / "log.txt").read_text(encoding="utf-8")[-3000:])

    def stop(self) -> None:
        """End the hub and its proxy as a service manager would; the learners' servers go on (cleanup_servers)."""
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    async def call(
        self, method: str, path: str, body: object = None, accept: tuple[int, ...] = (), user: str | None = None
    ) -> Any:
        """One request to the hub's own interface or, with `user`, to that learner's server; the decoded answer."""
        place = f"user/{user}/api" if user else "hub/api"
        request = HTTPRequest(
            f"{self.address}/{place}/{quote(path, safe='/?=&')}",
            method,
            request_timeout=600,
            headers={"Authorization": f"token {self.token}"},
            allow_nonstandard_methods=True,
            body=None if body is None else json.dumps(body),
        )
        try:
            answer = await AsyncHTTPClient().fetch(request)
        except HTTPClientError as error:
            if error.code not in accept:
                raise
            return None
        return json.loads(answer.body) if answer.body else None

    async def users(self) -> list[str]:
        return [user["name"] for user in await self.call("GET", "users")]

    async def start_server(self, name: str, seconds: float = 600) -> None:
        """What a learner's first click does; comes back when the server answers."""
        await self.call("POST", f"users/{name}", accept=(409,))
        await self.call("POST", f"users/{name}/server", accept=(400,))  # 400: it is on its way already
        await self.wait_until(name, ready=True, seconds=seconds)

    async def stop_server(self, name: str) -> None:
        await self.call("DELETE", f"users/{name}/server")
        await self.wait_until(name, ready=False)

    async def wait_until(self, name: str, ready: bool, seconds: float = 600) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            user = await self.call("GET", f"users/{name}")
            server = user["servers"].get("")
            if bool(server and server["ready"]) == ready and not user["pending"]:
                return
            await asyncio.sleep(2)  # the hub would be too busy if forty learners asked more often
        raise RuntimeError(f"the server of {name} was not {'ready' if ready else 'gone'} after {seconds} s")

    async def processes(self, name: str) -> tuple[psutil.Process, list[psutil.Process]]:
        """A learner's server and, in a list, all that it started: the kernels."""
        server = (await self.call("GET", f"users/{name}"))["servers"][""]
        process = psutil.Process(server["state"]["pid"])
        return process, process.children(recursive=True)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def pss_mib(processes: list[psutil.Process]) -> float:
    """Proportional memory in MiB: pages that n processes share, such as torch's libraries, count 1/n for each."""
    total: int = sum(process.memory_full_info().pss for process in processes)
    return total / 2**20
