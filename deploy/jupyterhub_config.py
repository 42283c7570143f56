"""A hub for a class on one machine: `jupyterhub --config deploy/jupyterhub_config.py`. README.md beside this file tells how.

Learners are accounts of the machine in the group `class`, and sign in with their own passwords; each one's JupyterLab runs
as that account, in its home folder. The hub listens on the loopback until it is given a certificate or stands behind a proxy
that has one: over plain http, passwords could be read on the way.

Source: JupyterHub documentation, "Configuration Reference".
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROXY = HERE / "node_modules" / ".bin" / "configurable-http-proxy"  # where `npm install --prefix deploy` puts it

c = get_config()  # noqa: F821 (JupyterHub gives it to this file)

c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.ConfigurableHTTPProxy.command = [str(PROXY)]
c.PAMAuthenticator.allowed_groups = {"class"}

# When the lesson begins, all start at once. 100 is JupyterHub's own default; at 10, a class of 40 sees 30 refusals.
c.JupyterHub.concurrent_spawn_limit = 100
c.Spawner.start_timeout = c.Spawner.http_timeout = 300  # and on two cores the last of 40 waits a while for the others

# A hub that is started again finds its learners' servers as they were.
c.JupyterHub.cleanup_servers = False

c.Spawner.cmd = [str(Path(sys.executable).parent / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.args = [
    # Sockets that are files: with ports, two of forty kernels that start at once may choose the same one, and one never answers.
    "--KernelManager.transport=ipc",
    "--MappingKernelManager.cull_idle_timeout=7200",  # a kernel that nobody used or looked at for two hours gives its memory back
    # What the course does not use, each learner's server need not load: it costs memory forty times.
    "--ServerApp.jpserver_extensions={'jupyter_lsp': False, 'jupyter_server_terminals': False, 'notebook_shim': False}",
    "--ServerApp.terminals_enabled=False",
    "--LabApp.extension_manager=readonly",
]
c.Spawner.environment = {
    "JUPYTER_CONFIG_PATH": str(HERE.parent / "tools" / "jupyter"),  # as `python start.py` opens it: quick sliders, no news
    # Forty learners share the cores already, and for networks this small one thread is the quickest.
    # Freed memory goes back to the machine sooner: some 3 MiB a learner.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    **dict.fromkeys(["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "1"),
}
