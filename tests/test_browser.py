"""Every notebook in a real JupyterLab and a real Chromium: it runs, its controls do something, and its pages are legible."""

import re
import runpy
from itertools import pairwise
from types import SimpleNamespace
from urllib.parse import urlsplit

import nbformat
import pytest
from axe import grave_findings
from lab import (
    ANSWERED,
    EXPLORER,
    NOTEBOOKS,
    OPEN,
    VIEWS,
    close_notebook,
    copied_notebooks,
    jupyterlab,
    open_lab,
    open_notebook,
    press_sliders,
    run_all,
    set_theme,
)
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import TimeoutError, expect
from store_notebooks import ANSWERS, KERNEL
from stored import code_cells
from test_stored_guesses import spoilers
from torch import nn

from helpers import show_shapes

benchmark = SimpleNamespace(**runpy.run_path(str(NOTEBOOKS.parent / "benchmarks" / "slider_latency.py")))
NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
# What moves a control and what moves it back, by keyboard alone. JupyterLab takes the arrows away from a closed menu.
KEYS = {
    "[role=slider]": ("ArrowRight", "ArrowLeft"),
    "[type=checkbox]": ("Space", "Space"),
    "select": ("Space ArrowDown Enter", "Space ArrowUp Enter"),
}
HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> love"

SHOWN = f"explorer => [...explorer.querySelectorAll('{VIEWS}')].map(view => view.innerHTML).join()"
NUMBER = ".widget-readout"  # of a slider, where its value can be typed
CONTROLS = ", ".join([*KEYS, NUMBER, "[type=text]", "button"])
NAMELESS = re.compile(r'- (slider|textbox|checkbox|combobox|button)(?! "\w)')  # in the tree that a screen reader reads
OURS = ".jp-Cell-outputArea, .jp-MarkdownOutput"  # what the course itself puts into the page
# What axe calls serious or critical in JupyterLab's own parts of the page; docs/accessibility.md says what each is.
JUPYTERLABS = {"aria-allowed-attr", "aria-input-field-name", "aria-required-children", "button-name"}
REMEMBER = f"explorer => {{ explorer.before = ({SHOWN})(explorer); }}"  # in the page: pictures are long texts
CHANGED = f"explorer => ({SHOWN})(explorer) != explorer.before"
NAMED = "control => control.closest('.jupyter-widgets').innerText"
AT_END = """control => control.matches('select') ? control.selectedIndex == control.length - 1
    : control.ariaValueNow !== null && control.ariaValueNow == control.ariaValueMax"""

# What sticks out of an explorer's output area to the right, unless a part of the explorer scrolls it. A whole explorer
# that scrolls, controls and all, is no remedy: hence not the boxes of ipywidgets, which could.
WIDER = f"""() => [...document.querySelectorAll('{EXPLORER}')].flatMap(area => {{
    const edge = area.getBoundingClientRect().right + 1;
    const scrolls = e => e != area && (scrolls(e.parentElement)
        || !e.matches('.widget-box') && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX));
    return [...area.querySelectorAll('*:not(svg *)')]
        .filter(e => e.getBoundingClientRect().right > edge && !scrolls(e.parentElement))
        .map(e => `${{e.tagName}}.${{e.className}}: ${{e.textContent.slice(0, 40)}}`);
}})"""

# The views that are not on one screen with the controls of their explorer, when the page is scrolled to them.
APART = f"""() => [...document.querySelectorAll('{EXPLORER}:has(.unrolled-controls)')].flatMap(area => {{
    const page = document.querySelector('.jp-WindowedPanel-outer'), controls = area.querySelector('.unrolled-controls');
    return [...area.querySelectorAll('{VIEWS}')].filter(view => view.offsetHeight && controls.compareDocumentPosition(view) == 4)
        .map(view => {{
            view.scrollIntoView({{block: 'end'}});
            const [seen, moved, shown] = [page, controls, view].map(e => e.getBoundingClientRect());
            return moved.top < seen.top - 1 || shown.top < moved.bottom - 1 ? view.innerText.slice(0, 40) || view.innerHTML : '';
        }}).filter(text => text);
}})"""

# The pictures of which a low window cuts off the lower part.
CUT = f"""() => [...document.querySelectorAll('{EXPLORER} .widget-html:has(svg[role=img])')]
    .filter(pane => pane.scrollHeight > pane.clientHeight + 1).map(pane => pane.querySelector('svg').ariaLabel)"""

# How many controls cover the end of each explorer that is longer than a narrow page, after one of them was touched.
COVERING = f"""() => [...document.querySelectorAll('{EXPLORER}')].flatMap(area => {{
    const page = document.querySelector('.jp-WindowedPanel-outer'), controls = area.querySelector('.unrolled-controls');
    if (!controls || area.offsetHeight < 1.5 * page.clientHeight) return [];
    controls.querySelector('[role=slider], [type=text], [type=checkbox]').focus();
    [...area.querySelectorAll('{VIEWS}')].filter(view => view.offsetHeight).at(-1).scrollIntoView({{block: 'end'}});
    const top = page.getBoundingClientRect().top;
    return [[...controls.children].filter(control => control.getBoundingClientRect().bottom > top + 1).length];
}})"""

# Where the views of each explorer begin from the left, and which of them are below the one before. Both may depend on the page's
# width, and not on what is drawn.
PLACES = f"""() => [...document.querySelectorAll('{EXPLORER}:has(.unrolled-controls)')].map(area => {{
    const views = [...area.querySelectorAll('{VIEWS}')].map(view => view.closest('.widget-html').getBoundingClientRect());
    return views.map((view, i) => `${{Math.round(view.left)}} ${{i && view.top >= views[i - 1].bottom - 1 ? 'below' : 'beside'}}`);
}})"""

# How far below the top of their explorer the views begin, how high they are, and whether they are a picture or a table, which may
# get another height; an empty or folded view is nowhere.
TOPS = f"""explorer => [...explorer.querySelectorAll('{VIEWS}')].map(view => {{
    const [own, all] = [view.closest('.widget-html'), explorer].map(e => e.getBoundingClientRect());
    return [view.offsetHeight && view.textContent ? Math.round(own.top - all.top) : null, Math.round(own.height), !!view.querySelector('svg, img, table')];
}})"""

# The controls that are not in view on a narrow page together with the whole first picture, without scrolling sideways or back.
ALONE = f"""async () => {{
    const page = document.querySelector('.jp-WindowedPanel-outer'), alone = [];
    for (const area of document.querySelectorAll('{EXPLORER}:has(.unrolled-controls):has(svg[role=img])'))
        for (const control of area.querySelector('.unrolled-controls').children) {{
            (control.querySelector('[role=slider], input, select, button') ?? control).focus({{preventScroll: true}});
            area.scrollIntoView({{block: 'start'}});
            await new Promise(requestAnimationFrame);
            const [seen, moved, drawn] = [page, control, area.querySelector('svg[role=img]')].map(e => e.getBoundingClientRect());
            const whole = moved.top >= seen.top - 1 && drawn.top >= moved.bottom - 1 && drawn.bottom <= seen.bottom + 1;
            if (!whole) alone.push(control.innerText.trim());
        }}
    return alone;
}}"""

# The drawings that are cut and do not say so, or say so and are whole.
UNTOLD = """() => [...document.querySelectorAll('.jp-OutputArea-output div')].filter(e => e.nextElementSibling?.innerText
        .startsWith('↔ Scroll sideways') && e.querySelector('svg, img') && e.offsetWidth).filter(drawing => {
    const [above, cue] = [drawing, drawing.nextElementSibling].map(e => e.getBoundingClientRect());
    const told = cue.width > 100 && cue.height > 15 && cue.bottom <= drawing.parentElement.getBoundingClientRect().bottom + 1 && cue.top >= above.bottom - 1;
    const cut = drawing.scrollWidth > drawing.clientWidth + 1;
    window.cutDrawings = (window.cutDrawings ?? 0) + cut;
    return told != cut;
}).map(e => (e.querySelector('img')?.alt ?? e.querySelector('svg').ariaLabel).slice(0, 50))"""

# The drawings that are cut where what is chosen in them is out of sight, and how many are cut elsewhere.
CHOSEN = """() => {
    const cut = [...document.querySelectorAll('.widget-html-content > div:has(> svg[style*=scroll-snap])')]
        .filter(pane => pane.offsetWidth && pane.scrollWidth > pane.clientWidth + 1);
    const missed = cut.filter(pane => {
        const chosen = -parseFloat(getComputedStyle(pane.firstElementChild).scrollMarginLeft) - pane.scrollLeft;
        return chosen < 0 || chosen > pane.clientWidth;
    });
    return [missed.map(pane => pane.firstElementChild.ariaLabel.slice(0, 50)), cut.length - missed.length];
}"""

# The tables whose total is out of sight, because they are higher than their pane.
NO_TOTAL = """() => [...document.querySelectorAll('.widget-html-content tr[data-key$=" total"]')].filter(total => {
    const [row, pane] = [total.firstElementChild, total.closest('div')].map(e => e.getBoundingClientRect());
    return pane.height && (row.bottom > pane.bottom + 1 || row.top < pane.top);
}).map(total => total.textContent)"""

# How the drawings in a page are filtered: on a dark page black and white change places.
FILTERS = (
    "[...new Set([...document.querySelectorAll('.jp-OutputArea-output :is(svg[role=img], img[src^=data])')]"
    ".map(e => getComputedStyle(e).filter))]"
)

# HTML text whose contrast with what lies behind it is under 4.5 (WCAG 2, level AA). An SVG brings its own paper.
FAINT = f"""() => {{
    const over = (colour, below) => {{  // what is seen of a colour that may let through the one below it
        const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
        return [r, g, b].map((c, i) => a * c + (1 - a) * below[i]);
    }};
    const paper = e => e ? over(getComputedStyle(e).backgroundColor, paper(e.parentElement)) : [255, 255, 255];
    const light = rgb => rgb.map(c => c / 255).map(c => c <= 0.04 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const contrast = e => {{
        const colours = [paper(e), over(getComputedStyle(e).color, paper(e))];
        const [low, high] = colours.map(light).sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    }};
    const hasText = e => [...e.childNodes].some(node => node.nodeType == 3 && node.data.trim());
    return [...document.querySelectorAll('{EXPLORER} {VIEWS} *:not(svg, svg *)')].filter(hasText)
        .filter(e => contrast(e) < 4.5).map(e => `${{contrast(e).toFixed(1)}}: ${{e.textContent.slice(0, 40)}}`);
}}"""


def press(control, keys):
    control.focus()
    for key in keys.split():
        control.press(key)


def enter(number, text):
    number.fill(text)
    number.press("Enter")


def type_over(number, text):
    """As a person does: a click, the keys, and Enter."""
    number.click()
    number.type(text)
    number.press("Enter")


class Lab:
    """A page with JupyterLab in it, and all that it asked for or complained about since a notebook was opened."""

    def __init__(self, page, folder, address):
        self.page, self.folder, self.address = page, folder, address
        self.hosts, self.complaints, self.dialogs, self.notebook = set(), [], [], None
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def run(self, name):
        """Open a notebook and run it; its code cells."""
        for record in (self.hosts, self.complaints, self.dialogs):
            record.clear()
        open_notebook(self.page, name)
        self.notebook = nbformat.from_dict(run_all(self.page))
        return code_cells(self.notebook)

    @property
    def explorers(self):
        return self.page.query_selector_all(EXPLORER)

    def shows_another(self, explorer, act, *arguments, seconds=30):
        """Whether the explorer shows something else soon after `act`; all is still again then."""
        explorer.evaluate(REMEMBER)
        act(*arguments)
        try:
            self.page.wait_for_function(CHANGED, arg=explorer, timeout=1000 * seconds, polling=50)
        except TimeoutError:
            return False
        self.page.evaluate(ANSWERED)  # a picture may follow the text that changed first
        return True

    def nameless_controls(self):
        """The kind of each control that a screen reader could say no name of."""
        return NAMELESS.findall("\n".join(area.aria_snapshot() for area in self.page.locator(EXPLORER).all()))

    def unreached_controls(self):
        """The controls that Tab alone, from the first one of its explorer on, does not come to."""
        unreached = []
        for explorer in self.explorers:
            controls = explorer.query_selector_all(CONTROLS)
            for control in controls[:1]:
                control.focus()
            for _ in controls:
                self.page.evaluate("document.activeElement.reached = true")
                self.page.keyboard.press("Tab")
            unreached += [control.evaluate(NAMED) for control in controls if not control.evaluate("e => e.reached")]
        return unreached

    def dead_controls(self, back=False, **patience):
        """Move every control once, and back if wanted; what each one is called that did nothing."""
        dead = []
        for explorer in self.explorers:
            for kind, keys in KEYS.items():
                for control in explorer.query_selector_all(kind):
                    ways = keys[::-1] if control.evaluate(AT_END) else keys
                    moves = [self.shows_another(explorer, press, control, way, **patience) for way in ways[: 1 + back]]
                    dead += [] if all(moves) else [control.evaluate(NAMED)]
        return dead


@pytest.fixture(scope="module")
def lab(browser):
    """One JupyterLab and one browser for all of this file."""
    with copied_notebooks() as folder, jupyterlab(folder) as address:
        page = browser.new_page()
        lab = Lab(page, folder, address)
        open_lab(page, address)
        yield lab


FAILING = """
from helpers.explorers.live import Explorer, checkbox, slider
Explorer("fails at 3", {"n": slider("n", 2, 1, 9)}, lambda n: n, [lambda n: str(1 / (n - 3))])
"""
UGLY = """
ugly = "<p style='width: 3000px; color: #aaa'>too wide, and faint <img src='https://example.invalid/'><button></button></p>"
Explorer("does nothing", {"deaf": checkbox("deaf")}, lambda deaf: deaf, [lambda deaf: "always the same"], heading=ugly)
"""


@pytest.mark.sweep
def test_planted_faults_are_seen(lab):
    notebook = new_notebook(cells=[new_code_cell(FAILING), new_code_cell(UGLY)], metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, lab.folder / "planted.ipynb")
    try:
        test_every_cell_runs(lab.run("planted.ipynb"))  # the callback has not failed yet
        assert lab.dead_controls(back=True, seconds=1) == ["deaf"]
        assert lab.nameless_controls() == ["button"]
        lab.page.locator(EXPLORER).first.get_by_role("slider").press("ArrowRight")
        expect(lab.page.locator("[data-failed]")).to_contain_text("ZeroDivisionError")
        assert "too wide" in str(lab.page.evaluate(WIDER)) and "faint" in str(lab.page.evaluate(FAINT))
        assert "example.invalid" in lab.hosts and "ERR_NAME_NOT_RESOLVED" in str(lab.complaints)
    finally:
        close_notebook(lab.page)


@pytest.mark.sweep
def test_what_axe_finds_in_jupyterlab_itself_is_known(lab):
    lab.run(NAMES[0])
    try:
        found = grave_findings(lab.page)
        assert {rule for rule, *_ in found} <= JUPYTERLABS
        lab.page.evaluate(f"document.querySelector('{OURS}').innerHTML += '<img src=\"data:,\">'")
        assert {rule for rule, *_ in grave_findings(lab.page, OURS)} == {"image-alt"}  # a fault of ours would be seen
    finally:
        close_notebook(lab.page)


@pytest.mark.sweep
def test_without_its_kernel_an_explorer_is_a_still_picture_that_says_what_to_do(lab):
    code = "from helpers import explore_neuron\nexplore_neuron()"
    notebook = new_notebook(cells=[new_code_cell(code)], metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, lab.folder / "without.ipynb")
    lab.run("without.ipynb")
    lab.page.evaluate(f"{OPEN}.context.save()")
    lab.page.evaluate(f"{OPEN}.sessionContext.session.kernel.restart()")
    expect(lab.page.locator(f"{EXPLORER} [role=slider]").first).not_to_be_visible()
    before = "e => { const s = getComputedStyle(e, '::before'); return s.display == 'none' ? '' : s.content; }"
    said = lab.page.evaluate(f"[...document.querySelectorAll('{EXPLORER} .jupyter-widgets-disconnected')].map({before})")
    assert [text for text in said if text] == ['"The kernel was restarted. Run this cell again to move the controls."']
    assert lab.page.locator(f"{EXPLORER} svg[role=img]").is_visible()
    close_notebook(lab.page)
    open_notebook(lab.page, "without.ipynb")  # as JupyterLab saved it: with a widget that no kernel has
    try:
        expect(lab.page.locator(".jp-OutputArea-output")).to_contain_text("Run this notebook to move its sliders.")
        assert lab.page.locator(".jp-OutputArea-output img").is_visible()
    finally:
        close_notebook(lab.page)


@pytest.mark.sweep
def test_jupyterlab_keeps_the_swatches_of_a_stored_table(lab):
    cell = new_code_cell("", outputs=[new_output("display_data", {"text/html": show_shapes(nn.RNN(3, 4), L=5)._repr_html_()})])
    nbformat.write(new_notebook(cells=[cell], metadata={"kernelspec": KERNEL}), lab.folder / "stored.ipynb")
    open_notebook(lab.page, "stored.ipynb")
    try:
        swatches = lab.page.locator(".jp-OutputArea-output th > span")
        assert swatches.evaluate_all("spans => spans.map(span => getComputedStyle(span).borderStyle)") == ["solid"] * 3 + [
            "dashed"
        ]
    finally:
        close_notebook(lab.page)


@pytest.mark.sweep
def test_a_new_kernel_that_knows_no_name_is_told_what_to_run(lab):
    notebook = new_notebook(cells=[new_code_cell("rnn(x)"), new_code_cell("1 / 0")], metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, lab.folder / "restarted.ipynb")
    open_notebook(lab.page, "restarted.ipynb")
    try:
        for _ in range(2):
            lab.page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
        errors = lab.page.locator(".jp-RenderedText")
        expect(errors).to_have_count(2)
        expect(errors.first).to_contain_text("Run the first cell of this notebook, then")
        expect(errors.last).not_to_contain_text("Run the first cell")
    finally:
        close_notebook(lab.page)


PRINTED = """
print("largest change           forward half   backward half\\noutput[-1]               0.004          0.592")
"""
WORDS = """
print("A sentence that is printed is wrapped on a narrow page, and its number is never broken: -0.23456789")
"""


@pytest.mark.sweep
def test_on_a_narrow_page_a_printed_table_scrolls_and_says_so_and_a_sentence_is_wrapped(lab):
    notebook = new_notebook(cells=[new_code_cell(PRINTED), new_code_cell(WORDS)], metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, lab.folder / "printed.ipynb")
    lab.run("printed.ipynb")
    printed = lab.page.locator(".jp-OutputArea-output pre")
    expect(printed).to_have_count(2)
    table, words = printed.all()
    told = "e => [e.scrollWidth > e.clientWidth, parseFloat(getComputedStyle(e, '::after').height) > 0]"
    broken = """e => { const range = new Range(), text = e.firstChild.firstChild ?? e.firstChild, at = text.data.indexOf('-0.');
        range.setStart(text, at); range.setEnd(text, at + 11); return range.getClientRects().length > 1; }"""
    try:
        for width, cut in [(390, True), (1280, False)]:
            lab.page.set_viewport_size({"width": width, "height": 844})
            lab.page.wait_for_timeout(200)  # JupyterLab lays itself out
            assert table.evaluate(told) == [cut, cut] and words.evaluate(told) == [False, False]
            assert not words.evaluate(broken)
    finally:
        close_notebook(lab.page)


@pytest.mark.sweep
def test_the_benchmark_sees_the_picture_of_each_way(lab):
    bench = benchmark.Bench(lab.page, lab.address, lab.folder)
    try:
        for way in benchmark.WAYS:
            bench.turn(way)
            assert bench.one_change(way)[0] > 0
    finally:
        close_notebook(lab.page)


@pytest.fixture(scope="module", params=NAMES, ids=lambda name: name.removesuffix(".ipynb"))
def cells(request, lab):
    """The code cells of a notebook that was just run, and stands in the page."""
    yield lab.run(request.param)
    close_notebook(lab.page)


def test_every_cell_runs(cells):
    assert all(cell["execution_count"] for cell in cells)
    failed = [cell for cell in cells if any(output["output_type"] == "error" for output in cell["outputs"])]
    assert failed == [cell for cell in cells if "raises-exception" in cell["metadata"].get("tags", [])]


def test_no_answer_is_in_view_before_the_guess_when_all_cells_have_run(lab, cells):
    assert spoilers(lab.notebook) == []
    said = lab.page.locator(".jp-OutputPlaceholder .jp-PlaceholderText")  # in the place of outputs: their first line
    assert said.count() == sum(ANSWERS in cell.metadata.get("tags", []) for cell in cells) > 0
    seen = "line => getComputedStyle(line).fontSize != '0px' || getComputedStyle(line).visibility != 'hidden'"
    assert said.evaluate_all(f"lines => lines.filter({seen}).length") == 0  # neither by an eye nor by a screen reader


def test_every_control_changes_what_its_explorer_shows(request, lab, cells):
    assert lab.dead_controls(back=request.config.option.all) == []
    assert lab.page.locator("[data-failed]").count() == 0


@pytest.mark.sweep
def test_every_control_has_a_name_and_is_reached_by_keyboard(lab, cells):
    assert (lab.nameless_controls(), lab.unreached_controls()) == ([], [])


@pytest.mark.sweep
def test_every_number_can_be_typed(lab, cells):
    for explorer in lab.explorers:
        for slider in explorer.query_selector_all(".widget-slider"):
            handle, number = slider.query_selector("[role=slider]"), slider.query_selector(NUMBER)
            limit = handle.get_attribute("aria-valuemin" if handle.evaluate(AT_END) else "aria-valuemax")
            assert lab.shows_another(explorer, type_over, number, limit), slider.inner_text()
            assert float(handle.get_attribute("aria-valuenow")) == float(limit)


@pytest.mark.sweep
def test_the_end_key_goes_to_the_end_that_a_slider_has_now(lab, cells):
    for key in ("Home", "End", "End"):  # the first may give another slider more values
        press_sliders(lab.page, key)
    ends = lab.page.evaluate(f"[...document.querySelectorAll('{EXPLORER} [role=slider]')].map({AT_END})")
    assert all(ends)


@pytest.mark.sweep
def test_on_a_narrow_page_only_the_control_that_was_touched_stays_in_view(lab, cells):
    lab.page.set_viewport_size({"width": 390, "height": 600})
    lab.page.wait_for_timeout(200)  # JupyterLab lays itself out
    assert set(lab.page.evaluate(COVERING)) <= {1}


@pytest.mark.sweep
def test_on_a_narrow_page_every_control_is_in_view_with_the_picture_that_it_changes(lab, cells):
    lab.page.set_viewport_size({"width": 390, "height": 844})
    lab.page.wait_for_timeout(200)  # JupyterLab lays itself out
    assert lab.page.evaluate(ALONE) == []


@pytest.mark.sweep
def test_a_drawing_that_is_cut_says_so(lab, cells):
    for width in (390, 1280):
        lab.page.set_viewport_size({"width": width, "height": 844})
        lab.page.wait_for_timeout(200)  # JupyterLab lays itself out
        assert lab.page.evaluate(UNTOLD) == [], width


@pytest.mark.sweep
def test_the_line_in_the_place_of_an_answer_fits_on_a_phone(lab, cells):
    lab.page.set_viewport_size({"width": 390, "height": 844})
    lab.page.wait_for_timeout(200)  # JupyterLab lays itself out
    lines = lab.page.locator(".jp-OutputPlaceholder .jp-PlaceholderText")
    cut = "lines => lines.filter(line => line.scrollWidth > line.clientWidth + 1 || line.scrollHeight > line.clientHeight + 1).length"
    assert lines.count() and lines.evaluate_all(cut) == 0


@pytest.mark.sweep
def test_on_a_narrow_page_a_picture_begins_at_what_is_chosen(lab, cells):
    seen = 0
    for key in ("Home", "End", None):  # at last, a phone is turned
        lab.page.set_viewport_size({"width": 390, "height": 844})
        press_sliders(lab.page, key) if key else lab.page.wait_for_timeout(200)
        missed, count = lab.page.evaluate(CHOSEN)
        assert missed == []
        seen += count
        lab.page.set_viewport_size({"width": 844, "height": 390})
    assert seen or not lab.page.locator(f"{EXPLORER} svg[style*=scroll-snap]").count()


@pytest.mark.sweep
def test_a_drawing_is_dark_on_a_dark_page(lab, cells):
    try:
        for dark, expected in [(True, ["invert(0.9) hue-rotate(180deg)"]), (False, ["none"])]:
            set_theme(lab.page, dark)
            assert lab.page.evaluate(FILTERS) == expected
    finally:
        set_theme(lab.page, dark=False)


@pytest.mark.sweep
def test_no_view_jumps_beside_or_below_another_when_a_control_moves(lab, cells):
    for width in (1920, 1280, 768):
        lab.page.set_viewport_size({"width": width, "height": 720})
        lab.page.wait_for_timeout(200)  # JupyterLab lays itself out
        places = []
        for key in ("Home", "End"):
            press_sliders(lab.page, key)
            places.append(lab.page.evaluate(PLACES))
        assert places[0] == places[1], width


@pytest.mark.sweep
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_only_a_picture_or_a_table_that_grew_pushes_what_is_below_it(lab, cells, width):
    lab.page.set_viewport_size({"width": width, "height": 720})
    lab.page.wait_for_timeout(200)  # JupyterLab lays itself out
    pushed = []
    for explorer in lab.explorers:
        for kind, keys in KEYS.items():
            for control in explorer.query_selector_all(kind):
                tops = [explorer.evaluate(TOPS)]
                for way in [*keys, "End", "Home"] if kind == "[role=slider]" else keys:
                    press(control, way)
                    lab.page.evaluate(ANSWERED)
                    tops.append(explorer.evaluate(TOPS))
                    if any(moved(tops[-2:])):
                        lab.page.wait_for_timeout(300)  # on a busy machine a text may be drawn before its picture
                        tops[-1] = explorer.evaluate(TOPS)
                pushed += [(control.evaluate(NAMED), *move) for move in moved(tops) if width == 1280 or not move[-1]]
    assert pushed == []


def moved(tops):
    """From one of `tops` to the next: which view moved, how far, and whether a picture or table before it has another height."""
    for before, after in pairwise(tops):
        grew = False
        for i, ((old, height, _), (new, now, grows)) in enumerate(zip(before, after, strict=True)):
            if None not in (old, new) and abs(new - old) > 2:
                yield i, new - old, grew
            grew |= grows and height != now


@pytest.mark.sweep
def test_a_finger_gives_a_slider_the_focus(lab, cells):
    for slider in lab.page.query_selector_all(f"{EXPLORER} .widget-slider"):
        slider.dispatch_event("touchend", {"bubbles": True})
        assert slider.evaluate("slider => slider.contains(document.activeElement)"), slider.inner_text()


@pytest.mark.sweep
def test_a_player_plays_and_pauses(lab, cells):
    for explorer in lab.explorers:
        for button in explorer.query_selector_all(".widget-play button:has(.fa-play)"):
            press(explorer.query_selector("[role=slider]"), "Home")
            assert lab.shows_another(explorer, press, button, "Enter") and lab.shows_another(explorer, lambda: None)
            press(button, "Enter")
            assert not lab.shows_another(explorer, lambda: None, seconds=1.5)


@pytest.mark.sweep
def test_every_answer_can_be_shown(lab, cells):
    for question in lab.page.locator(EXPLORER).filter(has_text="Predict:").all():
        question.get_by_label("show the answer").check()
        expect(question.locator(VIEWS).last).to_contain_text("The answer is")


@pytest.mark.sweep
def test_what_is_typed_stays_text(lab, cells):
    for explorer in lab.explorers:
        for box in explorer.query_selector_all("[type=text]"):
            assert lab.shows_another(explorer, enter, box, HOSTILE), box.evaluate(NAMED)
            assert explorer.query_selector_all("script, img[src=x]") == []
    assert lab.dialogs == []


@pytest.mark.sweep
def test_the_controls_are_on_one_screen_with_what_they_change(lab, cells):
    lab.page.set_viewport_size({"width": 1280, "height": 720})
    for side in ("expandLeft", "collapseLeft"):  # with and without the file browser
        lab.page.evaluate(f"window.jupyterapp.shell.{side}()")
        for key in ("Home", "End"):
            press_sliders(lab.page, key)
            assert lab.page.evaluate(APART) == [] and lab.page.evaluate(CUT) == []
            assert lab.page.evaluate(NO_TOTAL) == []


@pytest.mark.sweep
def test_nothing_sticks_out_or_is_faint(lab, cells):
    try:
        for dark, key in [(False, "Home"), (True, "End")]:  # both themes; every slider at its smallest, then its largest
            set_theme(lab.page, dark)
            press_sliders(lab.page, key)
            assert lab.page.evaluate(FAINT) == []
            for width in (390, 1600):
                lab.page.set_viewport_size({"width": width, "height": 900})
                lab.page.wait_for_timeout(200)  # JupyterLab lays itself out
                assert lab.page.evaluate(WIDER) == []
    finally:
        set_theme(lab.page, dark=False)


@pytest.mark.sweep
def test_axe_finds_nothing_grave(lab, cells):
    assert grave_findings(lab.page, OURS) == []
    try:
        set_theme(lab.page, dark=True)
        assert grave_findings(lab.page, OURS, rules=["color-contrast"]) == []  # all else is the same as in the light
    finally:
        set_theme(lab.page, dark=False)


def test_the_page_asked_only_this_machine_and_complained_of_nothing(lab, cells):
    """Last of all: it looks at what the tests above have done to the page."""
    assert lab.hosts <= {"127.0.0.1", None}  # None: what an address itself holds, such as data:
    assert lab.complaints == []
