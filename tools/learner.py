"""A learner without a browser: runs a notebook's cells over the kernel's websocket and moves its sliders, as JupyterLab does."""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

Message = dict[str, Any]  # of Jupyter's protocol, as JSON has it
SLIDERS = ("IntSliderModel", "FloatSliderModel")
FAILED = 'data-failed="true"'  # what an explorer shows where its callback raised


@dataclass
class Report:
    """What became of a notebook's code cells, and of the sliders that were moved."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)  # one sentence each
    moves_ms: list[float] = field(default_factory=list)  # from a slider's message to the kernel's last message about it


class Learner:
    """One page on one kernel: `async with Learner(websocket_address, token) as learner: ...`"""

    def __init__(self, address: str, token: str):
        self.address, self.token, self.session = address, token, uuid.uuid4().hex
        self.sliders: dict[str, dict[str, Any]] = {}  # by the id of its comm: its state

    async def __aenter__(self) -> Self:
        request = HTTPRequest(
            f"{self.address}?session_id={self.session}",
            request_timeout=300,
            connect_timeout=300,
            headers={"Authorization": f"token {self.token}"},
        )
        self.socket = await websocket_connect(request, max_message_size=2**27)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.socket.close()

    async def run(self, notebook: Mapping[str, Any], report: Report | None = None, seconds: float = 300) -> Report:
        """Run every code cell in order, and right after it move each slider that it has brought; a Report of both."""
        report = report or Report()
        for number, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] == "code":
                await self.run_cell(number, cell, report, seconds)
        return report

    async def run_cell(self, number: int, cell: Mapping[str, Any], report: Report, seconds: float = 300) -> None:
        known, source = set(self.sliders), "".join(cell["source"])
        expected = "error" if "raises-exception" in cell["metadata"].get("tags", []) else "ok"
        problems = []
        try:
            status, said = await self.execute(source, seconds)
            if status != expected:
                problems.append(f"{status}, expected {expected}: {said}")
            for comm in set(self.sliders) - known:
                problems += await self.move_to_its_ends(comm, report, seconds)
        except (TimeoutError, ConnectionError) as error:
            problems.append(f"{type(error).__name__}: {error}")
        report.passed += not problems
        report.failures += [f"cell {number}: {problem}" for problem in problems]

    async def execute(self, code: str, seconds: float = 300) -> tuple[str, str]:
        """Run `code`; the status ("ok" or "error"), and in the second case what the error says."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        replies = await self.ask("execute_request", content, seconds)
        reply = next(m["content"] for m in replies if m["msg_type"] == "execute_reply")
        return reply["status"], reply.get("evalue", "")

    async def move_to_its_ends(self, comm: str, report: Report, seconds: float) -> list[str]:
        """What a browser sends while a slider is dragged to its largest, its smallest, and back to its first value."""
        state, problems = self.sliders[comm], []
        for value in (state["max"], state["min"], state["value"]):
            began = time.perf_counter()
            data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
            replies = await self.ask("comm_msg", {"comm_id": comm, "data": data}, seconds)
            report.moves_ms.append(1000 * (time.perf_counter() - began))
            failed = any(FAILED in json.dumps(reply["content"]).replace('\\"', '"') for reply in replies)
            if failed or any(reply["msg_type"] == "error" for reply in replies):
                problems.append(f"{state['description']} moved to {value}: its picture failed")
        return problems

    async def ask(self, kind: str, content: Message, seconds: float) -> list[Message]:
        """Send one message, and collect all that the kernel says about it until it is idle again."""
        message = uuid.uuid4().hex
        header = {"msg_id": message, "msg_type": kind, "session": self.session, "username": "", "version": "5.3", "date": ""}
        await self.socket.write_message(
            json.dumps(
                {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
            )
        )
        waiting = {"idle", "reply"} if kind.endswith("_request") else {"idle"}
        replies: list[Message] = []
        end = time.monotonic() + seconds
        while waiting:
            reply = await self.receive(end - time.monotonic(), kind)
            self.note_slider(reply)
            if reply["parent_header"].get("msg_id") == message:
                replies.append(reply)
                waiting -= {"idle"} if reply["content"].get("execution_state") == "idle" else set()
                waiting -= {"reply"} if reply["msg_type"].endswith("_reply") else set()
        return replies

    async def receive(self, seconds: float, kind: str) -> Message:
        text = await asyncio.wait_for(self.socket.read_message(), seconds)
        if text is None:
            raise ConnectionError(f"the connection was lost before the kernel answered a {kind}")
        if isinstance(text, bytes):  # a message with buffers; of the course's widgets only those of progress bars
            text = text[int.from_bytes(text[4:8], "big") : int.from_bytes(text[8:12], "big")].decode()
        message: Message = json.loads(text)
        return message

    def note_slider(self, message: Message) -> None:
        state = message["content"].get("data", {}).get("state", {}) if message["msg_type"] == "comm_open" else {}
        if state.get("_model_name") in SLIDERS:
            self.sliders[message["content"]["comm_id"]] = state
