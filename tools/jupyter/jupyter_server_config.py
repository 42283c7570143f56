"""How the course's own JupyterLab differs from any other: what a kernel says reaches the page at once.

A kernel answers a slider in several small messages. By default the second waits until the browser's system has acknowledged the
first, which it delays by up to 40 ms: more than all the rest of the way to a new picture. And by default the first of them
repeats the slider's own number, which the page draws while the kernel computes. That is useful only where two pages show one
notebook. Beside this file, `labconfig/` turns off the news: no question over the first page, and no request to the network.

Source: RFC 896 (Nagle's algorithm) and RFC 1122, 4.2.3.2 (delayed acknowledgements); ipywidgets, "echo updates".
"""

import asyncio
import os
from pathlib import Path

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from traitlets.config import Config

c: Config  # Jupyter gives this file its `c`


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The usual connection of a page to its kernel, without the wait."""

    def connect(self) -> asyncio.Future[None] | None:  # type: ignore[override]  # as in the class above, not in its base
        self.websocket_handler.set_nodelay(True)
        return super().connect()


os.environ.setdefault("JUPYTER_WIDGETS_ECHO", "0")  # of this server, and so of its kernels
c.ServerApp.kernel_websocket_connection_class = PromptConnection  # noqa: F821
c.LabApp.extra_labextensions_path = [str(Path(__file__).parent / "labextensions")]  # noqa: F821
