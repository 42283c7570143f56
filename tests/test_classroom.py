"""A class, as far as it can be tried without a hub: its settings, and a learner without a browser on a plain server."""

import asyncio
import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from hub import Hub
from lab import jupyterlab
from learner import Learner
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
benchmark = SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "classroom.py")))
DEPLOY = ROOT / "deploy"
RECIPES = (DEPLOY / "README.md").read_text(encoding="utf-8")
SLIDER = """
import ipywidgets
s, picture = ipywidgets.IntSlider(2, 1, 9, description="t"), ipywidgets.HTML()
def draw(change):
    picture.value = f"{s.value}" if s.value < LIMIT else '<pre data-failed="true">no</pre>'
s.observe(draw, "value")
seen = []
s.observe(lambda change: seen.append(change.new), "value")
"""


def settings():
    config = Config()
    code = compile((DEPLOY / "jupyterhub_config.py").read_text(encoding="utf-8"), "jupyterhub_config.py", "exec")
    exec(code, {"get_config": lambda: config, "__file__": str(DEPLOY / "jupyterhub_config.py")})
    return config


def test_the_hub_is_safe_as_it_comes():
    config = settings()
    assert config.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    assert config.PAMAuthenticator.allowed_groups == {"class"}
    # neither a hub that lets anybody in, nor one that runs everybody as one account
    assert "authenticator_class" not in config.JupyterHub and "spawner_class" not in config.JupyterHub
    assert not any("allow_all" in section for section in config.values())


def test_the_hub_lets_a_whole_class_begin_at_once():
    config = settings()
    assert config.JupyterHub.concurrent_spawn_limit >= 40
    assert config.JupyterHub.cleanup_servers is False
    assert config.Spawner.environment["OMP_NUM_THREADS"] == "1"
    assert (Path(config.Spawner.environment["JUPYTER_CONFIG_PATH"]) / "jupyter_server_config.py").is_file()


def test_the_link_for_learners_leads_to_a_notebook_in_the_folder_it_fills():
    links = re.findall(r"https://<your hub>/\S+", RECIPES)
    assert links
    for link in links:
        query = parse_qs(urlsplit(link).query, strict_parsing=True)
        opened = query["urlpath"][0].removeprefix(f"lab/tree/{query['targetPath'][0]}/")
        assert (ROOT / opened).is_file(), link


def test_the_values_for_kubernetes_can_be_read():
    text = RECIPES[RECIPES.index("    hub:\n") :]
    values = yaml.safe_load(text[: text.index("\n\n")])
    assert isinstance(values["singleuser"]["image"]["tag"], str)  # a number would be no tag


def test_what_npm_shall_bring_is_one_exact_version():
    file = DEPLOY / "package.json"
    for version in json.loads(file.read_text(encoding="utf-8"))["dependencies"].values():
        assert version.replace(".", "").isdigit(), f"{file}: {version}"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A lesson of five cells, run by a learner on a real JupyterLab; (report, the values its slider had)."""
    cells = [
        new_code_cell("LIMIT = 100"),
        new_code_cell(SLIDER),
        new_code_cell("LIMIT = 5"),
        new_code_cell(SLIDER.replace('"t"', '"u"')),
        new_code_cell("1 / 0"),
        new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]}),
    ]

    async def lesson(address):
        place = urlsplit(address)
        host, token = f"{place.scheme}://{place.netloc}", parse_qs(place.query)["token"][0]
        kernel = await start_kernel(host, token)
        async with Learner(f"ws://{place.netloc}/api/kernels/{kernel}/channels", token) as page:
            report = await page.run(new_notebook(cells=cells[:2]))
            values = await page.execute("raise SystemError(seen)")
            return await page.run(new_notebook(cells=cells[2:]), report), values

    with jupyterlab(tmp_path_factory.mktemp("class")) as address:
        return asyncio.run(lesson(address))


async def start_kernel(host, token):
    from tornado.httpclient import AsyncHTTPClient

    answer = await AsyncHTTPClient().fetch(
        f"{host}/api/kernels", method="POST", body="{}", headers={"Authorization": f"token {token}"}
    )
    return json.loads(answer.body)["id"]


@pytest.mark.sweep
def test_a_learner_moves_each_slider_to_its_ends_and_back(ran):
    assert ran[1] == ("error", "[9, 1, 2]")


@pytest.mark.sweep
def test_a_learner_counts_what_passed_and_says_what_failed(ran):
    report = ran[0]
    assert report.passed == 4 and len(report.moves_ms) == 6
    slider, error = report.failures
    assert slider == "cell 1: u moved to 9: its picture failed"
    assert error.startswith("cell 2: error, expected ok: division by zero")


def test_the_hub_of_the_benchmark_listens_on_the_loopback_alone(tmp_path):
    hub, loaded, config = Hub(tmp_path), [], settings()
    text = (tmp_path / "jupyterhub_config.py").read_text(encoding="utf-8")
    exec(text, {"load_subconfig": loaded.append, "c": config})
    assert loaded == [str(DEPLOY / "jupyterhub_config.py")]  # what is measured is what a teacher gets
    for address in (
        hub.address,
        config.JupyterHub.bind_url,
        config.JupyterHub.hub_bind_url,
        config.ConfigurableHTTPProxy.api_url,
    ):
        assert urlsplit(address).hostname == "127.0.0.1"
    assert config.SimpleLocalProcessSpawner.home_dir_template.startswith(str(tmp_path))


class NoHub:
    async def start_server(self, name):
        raise RuntimeError("refused")


def test_a_learner_who_gets_no_server_counts_as_all_cells_failed():
    seat = benchmark.Seat(NoHub(), "late", new_notebook(cells=[new_code_cell("1"), new_code_cell("2")]))
    asyncio.run(seat.work())
    assert seat.report.passed == 0 and seat.report.failures == ["RuntimeError: refused"] * 2


class Forgetful(benchmark.Seat):
    """A disk that has lost the learner's own note."""

    async def saved(self):
        return new_notebook()


def test_a_learner_whose_work_is_gone_does_not_go_on():
    assert not asyncio.run(benchmark.goes_on(Forgetful(NoHub(), "learner", new_notebook())))
