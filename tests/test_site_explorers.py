"""The explorers of the pages, in a real browser: they show what the notebook shows, to the letter, and everyone can move them."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from random import Random

import build_site
import make_slides
import nbformat
import pytest
import site_explorers
from axe import grave_findings
from lab import NOTEBOOKS

from helpers.explorers.frames import moving_controls

STEMS = {path.stem[:2]: path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
QUICK = ["00", "05", "07"]  # their frames are made in some seconds; the others are a sweep
EXPLORERS = [
    (number, name)
    for number, stem in STEMS.items()
    for cell in nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4).cells
    if cell.cell_type == "code" and (name := site_explorers.explorer_name(cell.source)) and name != "speed"
]
ALL = [pytest.param(*one, id="-".join(one), marks=[] if one[0] in QUICK else pytest.mark.sweep) for one in EXPLORERS]
LIMIT = {"site": 12e6, "page": 400e3, "frames": 700e3}  # bytes
POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"

# Moves one control after the other; each time the page's HTML is compared with Python's, as the browser itself writes both.
WALK = """([name, moves]) => {
    const place = document.querySelector(`[data-explorer=${name}]`);
    const written = html => Object.assign(document.createElement('div'), { innerHTML: html }).innerHTML;
    return moves.map(([control, at, views, positions]) => {
        const input = place.querySelector(`[name=${control}]`);
        if (input.type == 'checkbox') input.checked = at == 1;
        else if (input.options) input.selectedIndex = at;
        else input.value = at;
        input.dispatchEvent(new Event('input', { bubbles: true }));
        const panes = [...place.querySelectorAll('.pane')].map(pane => pane.innerHTML);
        const here = Object.keys(positions).map(name => {
            const moved = place.querySelector(`[name=${name}]`);
            return moved.type == 'checkbox' ? +moved.checked : moved.options ? moved.selectedIndex : +moved.value; });
        return { same: views.map((html, i) => written(html) == panes[i]), moved: String(here) == String(Object.values(positions)) };
    }); }"""


@pytest.fixture(scope="module")
def living(request):
    """The explorers in this process, and what is made of them: {(number, name): (explorer, alive)}."""
    found = {}
    for number, stem in STEMS.items():
        if number in QUICK or request.config.option.all:
            notebook = nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4)
            for name, explorer in site_explorers.explorers(notebook):
                found[number, name] = explorer, site_explorers.alive(name, explorer, f"{number}-{name}")
    return found


@pytest.fixture(scope="module")
def site(living, tmp_path_factory):
    """All pages, with the explorers that are made here and one deck."""
    folder = tmp_path_factory.mktemp("site")
    alive = {"index": [site_explorers.explorer_of_index()]}
    for (number, _), (_, made) in living.items():
        alive.setdefault(STEMS[number], []).append(made)
    build_site.build(folder, alive, [make_slides.made_of(NOTEBOOKS / f"{STEMS['05']}.ipynb")[1]])
    return folder


@pytest.fixture(scope="module")
def served(site):
    """The site on a web server that allows as little as possible."""

    class Strict(SimpleHTTPRequestHandler):
        def end_headers(self):
            self.send_header("Content-Security-Policy", POLICY)
            super().end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Strict, directory=site)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def visit(browser, site, served):
    """Open a page, from the folder or from the server; nothing may go wrong there, and nothing be asked of another host."""
    contexts, wrong = [], []

    def opened(file, over_http=False, **options):
        contexts.append(browser.new_context(**{"viewport": {"width": 1600, "height": 900}} | options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:", served)) else wrong.append(asked.url))
        page.goto(f"{served}/{file}" if over_http else f"{site.as_uri()}/{file}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def reach(page, name):
    """Scroll to an explorer, and wait for its frames."""
    place = page.locator(f"[data-explorer={name}]")
    place.scroll_into_view_if_needed()
    page.wait_for_selector(f"[data-explorer={name}][data-ready]")
    return place


def random_moves(explorer, count):
    """Move one control after the other: each time its name, where it is moved to, all views, and where all controls are then."""
    moving, random = moving_controls(explorer), Random(0)
    for _ in range(count):
        control = random.choice(moving)
        widget = explorer.controls[control.name]
        at = random.choice([i for i, value in enumerate(control.values) if value != widget.value])
        now = widget.value
        widget.value = control.values[at]
        if widget.value == now:  # a slider at its end, from which it was to go further
            continue
        positions = {other.name: other.values.index(explorer.controls[other.name].value) for other in moving}
        yield control.name, at, explorer.html, positions


@pytest.mark.parametrize("number, name", ALL)
def test_a_page_shows_what_the_notebook_shows(visit, living, number, name):
    page = visit(f"{STEMS[number]}.html")
    reach(page, name)
    moves = [*random_moves(living[number, name][0], 60)]
    seen = page.evaluate(WALK, [name, moves])
    assert len(seen) > 40 and [move for move, one in zip(moves, seen) if not (all(one["same"]) and one["moved"])] == []


@pytest.mark.parametrize("number, name", ALL)
def test_an_explorer_can_be_used_by_everyone_in_both_themes(visit, number, name):
    for width, scheme in ((390, "dark"), (1600, "light")):
        page = visit(f"{STEMS[number]}.html", True, viewport={"width": width, "height": 900}, color_scheme=scheme)
        place = reach(page, name)
        for control in place.locator(".controls [name]").all():
            control.focus()
            page.keyboard.press("Space" if control.get_attribute("type") == "checkbox" else "ArrowDown")
        for folded in place.locator("summary").all():
            folded.click()
        assert grave_findings(page, f"[data-explorer={name}]") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_alone_moves_every_control(visit):
    page = visit(f"{STEMS['05']}.html")
    place = reach(page, "layers")
    page.keyboard.press("Tab")
    page.locator("[data-explorer=layers] [name=num_layers]").focus()
    for key, name in (("ArrowRight", "num_layers"), ("Space", "bidirectional"), ("End", "k"), ("ArrowRight", "earlier")):
        before = place.locator(".panes").inner_html()
        assert page.evaluate("document.activeElement.name") == name  # in the order of the page
        page.keyboard.press(key)
        assert place.locator(".panes").inner_html() != before
        page.keyboard.press("Tab")
    assert "h_n has 3 rows, 0 to 2. Row 2 is layer 2, forward" in place.inner_text()


def test_a_finger_moves_a_slider_and_what_it_chooses_comes_into_view(visit):
    page = visit(f"{STEMS['00']}.html", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    place = reach(page, "steps")
    place.locator("[name=t]").scroll_into_view_if_needed()
    box = place.locator("[name=t]").bounding_box()
    pane = place.locator(".pane").first
    scrolled = "pane => [pane.scrollLeft, Math.round(pane.scrollWidth - pane.clientWidth)]"
    pane.evaluate("pane => { pane.scrollLeft = 60; }")
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert place.locator("output").first.inner_text() == "2" and pane.evaluate(scrolled)[0] == 60  # it is in view
    page.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert place.locator("output").first.inner_text() == "4" and "h[4][0] = " in place.inner_text()
    left, most = pane.evaluate(scrolled)
    assert 60 < left <= most


def test_a_player_plays_to_the_end_and_pauses(visit):
    page = visit(f"{STEMS['00']}.html")
    place = reach(page, "steps")
    page.clock.install()
    button, shown = place.locator(".play"), place.locator("output").first
    button.click()
    assert button.inner_text() == "pause"
    page.clock.run_for(1500)
    assert shown.inner_text() == "2"
    button.click()
    page.clock.run_for(1500)
    assert shown.inner_text() == "2" and button.inner_text() == "play"
    button.click()
    page.clock.run_for(3000)
    assert shown.inner_text() == "4" and button.inner_text() == "play"


@pytest.mark.parametrize("over_http", [False, True])
def test_a_deck_leads_from_its_explorer_to_the_page_in_the_same_state(visit, over_http):
    page = visit(f"{STEMS['05']}.html", over_http)
    page.get_by_role("link", name="Slides").click()
    while not page.locator("section.now [name=num_layers]").count():
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("section.now [data-ready]")
    slider = page.locator("section.now [name=num_layers]")
    slider.press("End")
    layers = slider.evaluate("slider => +slider.value + 1")
    with page.context.expect_page() as opened:
        page.locator("section.now .state").click()
    opened.value.wait_for_selector("[data-explorer=layers][data-ready]")
    assert opened.value.locator("[data-explorer=layers] output").first.inner_text() == f"{layers}"


def test_on_a_phone_the_control_that_was_moved_stays_in_view(visit):
    page = visit(f"{STEMS['05']}.html", viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
    place = reach(page, "layers")
    slider = place.locator("[name=num_layers]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    page.evaluate("document.querySelector('[data-explorer=layers] .pane').scrollIntoView()")
    tops = place.locator(".controls label").evaluate_all("labels => labels.map(label => label.getBoundingClientRect().top)")
    assert [round(top) for top in tops if top >= 0 and top < 100] == [0] and round(tops[0]) == 0


@pytest.mark.parametrize("over_http", [False, True])
def test_a_link_holds_a_state(visit, over_http):
    file, at = f"{STEMS['05']}.html", "explorer=layers&num_layers=3&bidirectional=False&k=2&earlier=1"
    page = visit(f"{file}#{at}", over_http)
    page.wait_for_selector("[data-explorer=layers][data-ready]")
    place = page.locator("[data-explorer=layers]")
    assert "Row 2 is layer 2, forward" in place.inner_text() and place.evaluate("e => e.getBoundingClientRect().top") < 900
    place.locator("[name=num_layers]").press("ArrowLeft")
    place.locator(".state").press("Enter")
    link = page.evaluate("location.hash")
    assert link == f"#{at.replace('=3', '=2').replace('k=2', 'k=1')}"
    other = visit(f"{file}{link}", over_http)
    other.wait_for_selector("[data-explorer=layers][data-ready]")
    assert other.locator(".controls").evaluate("form => [...new FormData(form)].join()") == "num_layers,1,k,1,earlier,1"
    other.goto(other.url.replace("k=1", "k=0"))  # within the page
    assert "Row 0 is layer 0, forward" in other.locator("[data-explorer=layers]").inner_text()


def test_without_a_script_a_page_is_still_and_complete(visit):
    page = visit(f"{STEMS['05']}.html", java_script_enabled=False)
    place = page.locator("[data-explorer=layers]")
    assert place.locator(".still img").is_visible() and not place.locator(".controls").is_visible()


def test_without_its_frames_an_explorer_stays_still(browser, site):
    page = browser.new_page()
    page.route("**/frames/*", lambda route: route.abort())
    page.goto((site / f"{STEMS['05']}.html").as_uri())
    page.locator("[data-explorer=layers]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-explorer=layers] .controls", state="hidden")
    assert page.locator("[data-explorer=layers] .still img").is_visible()
    page.close()


@pytest.mark.parametrize("scheme, width", [("light", 1600), ("dark", 390)])
def test_the_index_invites_to_move_a_picture(visit, scheme, width):
    page = visit("index.html", True, viewport={"width": width, "height": 900}, color_scheme=scheme)
    place = reach(page, "network")
    for key in ("ArrowRight", "ArrowRight"):
        place.locator("[name=num_layers]").press(key)
    assert "layer 2" in place.inner_text() and grave_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_is_too_large(site):
    """Of the explorers that are made here; with --all, these are all."""
    assert sum(path.stat().st_size for path in site.rglob("*")) < LIMIT["site"]
    assert max(path.stat().st_size for path in site.glob("*.html")) < LIMIT["page"]
    assert max(path.stat().st_size for path in (site / "frames").iterdir()) < LIMIT["frames"]
    for script in sorted((build_site.TEMPLATES / "site").glob("*.js")):
        assert len(script.read_text(encoding="utf-8").splitlines()) <= 400


def test_two_processes_make_the_same_frames(living):
    made = [*make_slides.made_from([NOTEBOOKS / f"{STEMS[number]}.ipynb" for number in ("07", "10")])]
    assert [on_page for on_page, _ in made] == [[living["07", "packing"][1]], []]
    assert [deck.stem for _, deck in made] == [STEMS["07"], STEMS["10"]]
