"""A forked kernel begins with its imports done, can be interrupted, and leaves nothing behind."""

import os
import signal
import time

import pytest
from forked_kernels import CAN_FORK
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="only Linux forks a process that has imported torch safely")


@pytest.fixture
def kernel():
    manager, client = start_new_kernel(kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code):
    """What the code prints."""
    printed = []
    client.execute_interactive(code, output_hook=lambda message: printed.append(message["content"].get("text", "")), timeout=60)
    return "".join(printed)


def test_it_begins_with_torch_and_without_the_course(kernel):
    _, client = kernel
    assert run(client, "import sys; print('torch' in sys.modules, 'helpers' in sys.modules)") == "True False\n"
    assert run(client, "import os; print(os.getcwd())").strip() == os.getcwd()


@pytest.mark.sweep
def test_it_is_interrupted_and_goes_on(kernel):
    manager, client = kernel
    asked = client.execute("import time\nprint('at it', flush=True)\nwhile True: time.sleep(0.05)")
    while client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
        pass
    manager.interrupt_kernel()
    while (reply := client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != asked:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    while client.get_iopub_msg(timeout=30)["content"].get("execution_state") != "idle":
        pass  # what the interrupted cell still says
    assert run(client, "print(6 * 7)") == "42\n"


@pytest.mark.sweep
def test_it_ends_with_the_process_that_stands_for_it(kernel):
    manager, client = kernel
    number = int(run(client, "import os; print(os.getpid())"))
    os.kill(manager.provisioner.pid, signal.SIGKILL)
    for _ in range(100):
        if not os.path.exists(f"/proc/{number}"):
            return
        time.sleep(0.1)
    pytest.fail("the kernel still runs")
