"""The exported pages: complete without a kernel, without a script and without network, and legible for everyone."""

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import unquote

import build_site
import nbformat
import pytest
import site_answers
from axe import grave_findings
from lab import NOTEBOOKS

STEMS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
PAGES = ["index", "quiz", "teaching", *STEMS]
COLOURFUL = ["index", "quiz", "06_sentences_as_vectors"]  # with all that the style sheet colours; outputs are tried in JupyterLab
LOOKS = [(390, "light"), (1600, "dark"), (390, "dark"), (1600, "light")]
PICTURE = re.compile(r'<img alt="([^"]*)"')
MATH = re.compile(r"\$\$.+?\$\$|\$.+?\$", re.DOTALL)

# Pictures that are not there, formulas without extent, and what sticks out of the page and is not in a part that scrolls.
BROKEN = """async () => {
    const loaded = image => { image.loading = 'eager'; return image.decode().catch(() => 0); };
    await Promise.all([...document.images].map(loaded));
    return [...document.images].filter(image => !image.naturalWidth).map(image => image.outerHTML.slice(0, 200)); }"""
MATH_SIZES = """() => [...document.querySelectorAll('math')].map(math => math.getBoundingClientRect())
    .map(box => [box.width, box.height])"""
WIDER = """() => {
    const scrolls = e => e && (['auto', 'scroll'].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
    const sticksOut = e => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement);
    return [...document.body.querySelectorAll('*:not(.skip)')].filter(sticksOut)
        .map(e => e.outerHTML.slice(0, 100)).concat(document.documentElement.scrollWidth > innerWidth ? ['the page'] : []); }"""


class Resources(HTMLParser):
    """What a page loads, and where its links lead."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.tags, self.ids = [], [], set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        self.ids.add(attributes.get("id"))
        target = attributes.get("href" if tag in ("a", "link") else "src")
        if target is not None:
            (self.links if tag == "a" else self.loads).append(target)
        assert not any(name.startswith("on") or name == "srcset" for name in attributes)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    build_site.build(folder, {})  # without explorers that move: these are tried in test_site_explorers.py
    return folder


def test_every_notebook_has_a_page():
    assert [page.stem for page in build_site.read_pages()] == STEMS


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.sweep
def test_a_page_loads_and_links_only_what_is_there(site, name):
    page = Resources((site / f"{name}.html").read_text(encoding="utf-8"))
    path = NOTEBOOKS / f"{name}.ipynb" if name != "teaching" else NOTEBOOKS.parent / "TEACHING.md"
    sources = re.findall(r"\]\((https://[^)]*)\)", path.read_text(encoding="utf-8")) if path.exists() else []
    assert not re.search(r"url\(|@import", (site / "style.css").read_text(encoding="utf-8"))
    assert not page.tags & {"iframe", "object", "embed", "video", "style"}
    for target in page.loads:
        assert ":" not in target and (site / target).is_file(), target
    for target in page.links:
        file, _, part = target.partition("#")
        if target.startswith("https://") and name != "index":  # the badges of a published course
            assert f"/notebooks/{name}.ipynb" in unquote(target) or target in sources  # of what a sentence says
        elif part and not part.startswith("explorer="):  # which names a state of an explorer
            assert part in Resources((site / (file or f"{name}.html")).read_text(encoding="utf-8")).ids, target
        else:
            assert (site / (file or f"{name}.html")).is_file(), target


@pytest.mark.parametrize("name", STEMS)
@pytest.mark.sweep
def test_a_page_shows_all_that_is_stored(site, name):
    html = (site / f"{name}.html").read_text(encoding="utf-8")
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    stored = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pages = [output.data["text/html"] for output in stored if "text/html" in output.get("data", {})]
    for sign in ("<table", "<details", "<img alt"):
        assert html.count(sign) >= sum(page.count(sign) for page in pages)
    assert [unescape(alt) for page in pages for alt in PICTURE.findall(page)] == [*map(unescape, PICTURE.findall(html))]
    assert html.count('class="error"') == sum(output.output_type == "error" for output in stored)
    prose = [re.sub(r"`[^`]*`", "", cell.source) for cell in notebook.cells if cell.cell_type == "markdown"]
    assert html.count("<math") == sum(len(MATH.findall(source)) for source in prose)
    codes = [
        cell.source for cell in site_answers.ask_on_page(notebook, "", build_site.exporter()).cells if cell.cell_type == "code"
    ]
    assert "Run this notebook" not in html  # nothing here can be run
    assert html.count("Code of cell") == sum(map(bool, codes))


@pytest.mark.parametrize("name", STEMS)
def test_nothing_is_told_to_a_mouse_alone(name):
    """A `title` shows only under a mouse; what a drawing tells there, docs/accessibility.md says where else it stands."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pages = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert pages and not any(re.search(r"<[^>]* (title|onmouse\w*)=", page) for page in pages)


def test_the_index_opens_the_course_where_it_is_published(monkeypatch):
    assert not build_site.open_links() or build_site.publish.known_address((build_site.ROOT / "pyproject.toml").read_text())
    monkeypatch.setattr(build_site.publish, "known_address", lambda text: "https://github.com/ada/unrolled")
    words, addresses = zip(*build_site.open_links())
    assert words == ("Open in Colab", "Open in Binder", "Open in a JupyterHub")
    assert all("00_start_here.ipynb" in unquote(address) and "ada/unrolled" in unquote(address) for address in addresses)


def test_a_folder_with_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("years of work")
    assert build_site.main([str(tmp_path)]) == 1
    assert "holds something else" in capsys.readouterr().err and (tmp_path / "thesis.txt").is_file()


@pytest.fixture
def opened(browser, request):
    """A page of the site, and all it asked for, in the first two looks (axe sees no more in the others)."""
    page = browser.new_page(viewport={"width": 390, "height": 900})
    asked = []
    page.on("request", lambda sent: asked.append(sent.url))
    yield page, asked
    page.close()


@pytest.mark.sweep
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_everyone(site, opened, name):
    page, asked = opened
    page.goto((site / f"{name}.html").as_uri())
    assert page.evaluate(BROKEN) == []
    assert grave_findings(page, without=("color-contrast",)) == []
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(WIDER) == [], (width, scheme)
        assert all(w > 4 and h > 5 for w, h in page.evaluate(MATH_SIZES))
        if name in COLOURFUL and (width, scheme) in LOOKS[:2]:
            assert grave_findings(page, rules=["color-contrast"]) == [], (width, scheme)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.sweep
def test_faults_are_seen(site, opened):
    """A page with one of each: what the test above must not pass."""
    page, asked = opened
    (site / "faulty.html").write_text(
        '<!DOCTYPE html><html lang="en"><title>x</title><main><h1>x</h1><p style="color:#aaa;background:#fff">faint</p><img src="gone.png">'
        '<p style="width:900px">wide</p><img src="https://example.invalid/x.png" alt="x"><math></math></main></html>'
    )
    page.goto((site / "faulty.html").as_uri())
    assert len(page.evaluate(BROKEN)) == 2 and page.evaluate(WIDER)
    assert {rule for rule, *_ in grave_findings(page)} >= {"color-contrast", "image-alt"}
    assert "https://example.invalid/x.png" in asked and page.evaluate(MATH_SIZES)[0][0] <= 4
