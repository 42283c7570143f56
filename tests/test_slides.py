"""The decks: they follow TEACHING.md, ask before they answer, move without a kernel, and can be used by everyone in the room."""

import base64
import gzip
import json
import re

import make_slides
import nbformat
import pytest
import teaching
from axe import grave_findings
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from store_notebooks import NOTEBOOKS

import helpers
from helpers.explorers.frames import frames

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
SECTION = re.compile(r'<section class="(\w+)" tabindex="-1">(.*?)<aside class="notes" hidden>(.*?)</aside></section>', re.S)
PAGE = {"width": 1280, "height": 720}
NOW = "section.now"
SWEEPS = [("03", "dark"), ("13", "light"), ("13", "dark")]
# Prose that is too small for the back row, and what is cut off or outside the window.
SMALL = """() => [...document.querySelectorAll('section.now :is(h1, h2, p, blockquote, label)')]
    .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest('.fit .scrolls'))
    .map(e => [parseFloat(getComputedStyle(e).fontSize) * e.currentCSSZoom, e.textContent]).filter(([size]) => size < 23.9)"""
# On a projector of 1600 pixels, labels of 20.
TINY = """() => [...document.querySelectorAll('section.now svg text')].filter(e => e.checkVisibility() && e.textContent.trim())
    .map(e => [parseFloat(getComputedStyle(e).fontSize) * Math.hypot(e.getScreenCTM().a, e.getScreenCTM().b), e.textContent])
    .filter(([size]) => size < 16)"""
CUT = """() => [...document.querySelectorAll('section.now, section.now *:not(.notes, .notes *)')].filter(e => e.checkVisibility())
    .map(e => [e.getBoundingClientRect(), e.outerHTML.slice(0, 80)])
    .filter(([box]) => box.right > innerWidth + 1 || box.bottom > innerHeight + 1).map(([, html]) => html)"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """A deck whose explorer has a checkbox and a slider, and one with a picture of plots and formulas."""
    folder = tmp_path_factory.mktemp("slides")
    for number in ("03", "13"):
        (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
        (folder / f"{number}.html").write_text(make_slides.lone_page(make_slides.made_of(path)[1]), encoding="utf-8")
    return folder


@pytest.fixture
def opened(browser, decks):
    """A page that shows a deck; what it asked for and what its console said are kept."""
    page = browser.new_page(viewport=PAGE, has_touch=True)
    page.asked, page.said = [], []
    page.on("request", lambda sent: page.asked.append(sent.url))
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto((decks / "03.html").as_uri())
    yield page
    assert page.said == [] and {url.partition(":")[0] for url in page.asked} == {"file"}
    page.close()


def slides_of(path):
    """[(kind, body, notes)], without frames: no cell is run for them."""
    notebook = nbformat.read(path, as_version=4)
    deck = make_slides.make_deck(notebook, teaching.lessons()[path.stem[:2]], {})
    return [SECTION.fullmatch(slide).groups() for slide in deck.slides]


def number(page):
    return int(page.url.partition("#")[2])


def show(page, at):
    page.evaluate(f"location.hash = '#{at}'")
    page.wait_for_function(f"document.querySelectorAll('section')[{at - 1}].matches('.now')")
    if page.locator(f"{NOW} .explorer").count():
        page.wait_for_selector(f"{NOW} .explorer[data-ready]")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_deck_asks_each_question_of_its_lesson_before_it_answers(path):
    slides = slides_of(path)
    kinds = [kind for kind, *_ in slides]
    rows = teaching.lessons()[path.stem[:2]].rows
    assert len(slides) <= 25 and kinds[0] == "opening" and kinds[-1] == "closing" and "myth" in kinds
    assert kinds.count("ask") == kinds.count("look") == len(rows)
    asked = [at for at, kind in enumerate(kinds) if kind == "ask"]
    for at, row in zip(asked, rows, strict=True):
        _, question, notes = slides[at]
        _, shown, _ = slides[at + 1]
        assert kinds[at + 1] == "look" and question in shown
        assert "later" not in question and shown.count('class="later"') == 1 and shown.endswith("</p>")
        assert all(name in notes for name in re.findall(r"`(\w+)`", row.action))
    assert all(notes.strip() for *_, notes in slides)


def test_a_row_finds_its_cell_under_a_heading_and_a_question_only_for_predict():
    notebook = new_notebook(
        cells=[
            new_code_cell("show(draw_step(a))\npredict('a', 1)"),
            new_code_cell("show(draw_step(a))"),
            new_markdown_cell("Text.\n\n## Later\n\nText."),
            new_code_cell("show(draw_step(b))"),
        ]
    )
    places = {
        "show `draw_step`": 1,
        "show the last `draw_step`": 3,
        "show the second `draw_step`": 3,
        'show `draw_step` under "Later"': 3,
        "`predict`": 0,
    }
    for action, at in places.items():
        assert make_slides.place(notebook, teaching.Row("?", action, "!")) == at
    with pytest.raises(ValueError, match="no cell calls draw_maps"):
        make_slides.place(notebook, teaching.Row("?", "show `draw_maps`", "!"))


def test_an_explorer_shows_its_first_picture_or_what_the_row_looks_at_and_no_code():
    explorer = helpers.explore_constructor()
    explorer.page = {"num_layers": [1, 2]}
    names = [
        {view.__name__ for view in make_slides.with_room(explorer, teaching.Row("?", action, "!"), frames(explorer))}
        for action in ("`explore_constructor`: `num_layers`", "`explore_constructor`: `L`, and look at the parameters")
    ]
    assert names == [{"constructor_note", "network_picture"}, {"constructor_note", "marked_parameters"}]


def test_of_what_a_cell_drew_a_slide_shows_the_first_picture_alone():
    drawn = [new_output("display_data", {"text/html": f"<img alt='{n}'>"}) for n in (1, 2)]
    said = new_output("stream", name="stdout", text="2 pictures")
    assert make_slides.outputs_html(new_code_cell(outputs=[said, *drawn])) == "<div><img alt='1'></div>"
    assert "2 pictures" in make_slides.outputs_html(new_code_cell(outputs=[said]))


def test_what_goes_back_is_set_before_the_question_unless_nothing_else_moves():
    row = teaching.Row("?", "`explore_steps`: `a` back to 3, `b` from 1 to −2", "!")
    assert row.prepared() == {"a": 3} and [*row.moves()] == [("a", None, 3), ("b", 1, -2)]
    assert teaching.Row("?", "`explore_steps`: `a` back to on", "!").prepared() == {}


def test_misconceptions_are_parted_where_a_quotation_begins_a_sentence():
    lesson = teaching.Lesson(
        "00", '**A common misconception:** "`x` is one." No, "two".\n"And more": see it. "3 of 4 is good": no.\n'
    )
    assert lesson.misconceptions == [("`x` is one.", 'No, "two".'), ("And more", "see it."), ("3 of 4 is good", "no.")]


def test_code_that_asks_is_shown_without_its_question():
    cells = [new_code_cell("# needed below\nh = rnn(x)"), new_code_cell('fits = h == y\npredict("Do they fit?", fits)')]
    assert make_slides.asked_code(cells) == "h = rnn(x)\nfits = h == y"
    assert make_slides.asked_code([new_markdown_cell("Text."), cells[1]]) == "fits = h == y"


def test_of_an_error_the_last_line_is_shown():
    error = new_output("error", ename="ValueError", evalue="expected 7, got 3", traceback=["long"])
    assert make_slides.output_html(error) == "<pre>ValueError: expected 7, got 3</pre>"


def test_the_right_arrow_visits_every_slide_and_the_left_one_goes_back(opened):
    count = opened.locator("section").count()
    seen = [1]
    for _ in range(3 * count):
        before = opened.locator(f"{NOW} .later.seen").count()
        opened.keyboard.press("ArrowRight")
        opened.evaluate("new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)))")
        if number(opened) != seen[-1]:
            seen.append(number(opened))
            assert not opened.locator(f"{NOW} .later").is_visible() if opened.locator(f"{NOW} .later").count() else True
        else:
            assert opened.locator(f"{NOW} .later.seen").count() > before or number(opened) == count
    assert seen == [*range(1, count + 1)]
    opened.keyboard.press("PageUp")
    assert number(opened) == count - 1 and opened.locator(f"{NOW} .later").is_visible()


def test_an_explorer_moves_by_keyboard_touch_and_mouse_and_the_deck_stays(opened):
    show(opened, 3)
    box, picture = opened.locator(f"{NOW} input"), opened.locator(f"{NOW} .panes")
    states = [picture.inner_html()]
    for move in (box.tap, box.click, lambda: box.press(" ")):
        move()
        states.append(picture.inner_html())
    assert all(a != b for a, b in zip(states, states[1:])) and "changed" in states[-1]
    (at,) = opened.evaluate(
        "[...document.querySelectorAll('section')].flatMap((s, i) => s.querySelector('[type=range]') ? i + 1 : [])"
    )
    show(opened, at)
    slider = opened.locator(f"{NOW} [type=range]")
    slider.press("ArrowRight")
    assert slider.input_value() == "1" and number(opened) == at and not opened.locator(f"{NOW} .later").is_visible()
    opened.keyboard.press("PageDown")  # a clicker turns the slides, wherever the focus is
    assert slider.input_value() == "1" and opened.locator(f"{NOW} .later").is_visible()
    opened.keyboard.press("Escape")
    opened.keyboard.press("ArrowRight")
    assert number(opened) == at + 1
    opened.get_by_label("back", exact=True).tap()
    assert number(opened) == at


def test_a_picture_that_shrank_for_a_larger_one_grows_again_and_then_rests(browser, tmp_path):
    (path,) = NOTEBOOKS.glob("05_*.ipynb")
    (tmp_path / "05.html").write_text(make_slides.lone_page(make_slides.made_of(path)[1]), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.goto((tmp_path / "05.html").as_uri())
    at = page.evaluate("[...document.querySelectorAll('section')].findIndex(s => s.querySelector('[name=num_layers]')) + 1")
    show(page, at)
    slider, zoom = page.locator(f"{NOW} [name=num_layers]"), f"document.querySelector('{NOW} .fit > div').style.zoom"
    slider.press("End")
    page.wait_for_timeout(100)
    small = page.evaluate(zoom)
    slider.press("Home")
    page.wait_for_timeout(100)
    assert page.evaluate(zoom) == small  # nothing jumps while it moves
    page.wait_for_function(f"{zoom} > 1.2 * {small}", timeout=5000)
    page.wait_for_timeout(1500)
    page.evaluate(f"""window.changes = []; new MutationObserver(() => changes.push({zoom}))
        .observe(document.querySelector('{NOW} .fit > div'), {{ attributes: true }})""")
    page.wait_for_timeout(1500)
    assert page.evaluate("changes") == []
    page.close()


def test_the_notes_open_in_a_window_and_follow_the_slides(opened):
    with opened.expect_popup() as popup:
        opened.keyboard.press("n")
    opened.bring_to_front()
    assert "minutes · needs 02" in popup.value.inner_text("body")
    opened.keyboard.press("ArrowRight")
    assert "What there is to see" in popup.value.inner_text("body")


@pytest.mark.parametrize("name, scheme", [("03", "light"), *(pytest.param(*look, marks=pytest.mark.sweep) for look in SWEEPS)])
def test_everybody_in_the_room_can_read_every_slide(opened, decks, name, scheme):
    opened.emulate_media(color_scheme=scheme)
    opened.goto((decks / f"{name}.html").as_uri())
    for at in range(1, opened.locator("section").count() + 1):
        show(opened, at)
        opened.evaluate("document.querySelectorAll('section.now .later').forEach(part => part.classList.add('seen'))")
        opened.wait_for_timeout(50)  # for what fits itself into its place
        assert opened.evaluate(SMALL) == [] and opened.evaluate(CUT) == [], at
        assert name != "03" or opened.evaluate(TINY) == [], at
        if at < 5 or opened.locator(f"{NOW}.myth, {NOW}.cell").count():
            assert grave_findings(opened) == [], at


def test_a_deck_stands_alone(decks):
    page = (decks / "03.html").read_text(encoding="utf-8")
    assert not re.findall(
        r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["'](?!data:)|@import|url\((?!["']?(?:data:|#))""", page
    )


def as_number(text):
    return {"True": True, "False": False}.get(text, float(text) if re.fullmatch(r"-?[\d.]+", text) else text)


@pytest.mark.sweep
@pytest.mark.parametrize("number", sorted(teaching.lessons()))
def test_every_move_of_a_lesson_can_be_made_on_its_slide(number):
    """Also where a slider ends earlier in some states, as the row of h_n does with one layer."""
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    _, deck = make_slides.made_of(path)
    slides = [slide for slide in deck.slides if 'class="look"' in slide]
    for row, slide in zip(teaching.lessons()[number].rows, slides, strict=True):
        for name, _, value in row.moves():
            if name in row.prepared() or "data-frames" not in slide:
                continue
            (made,) = (frames for file, frames in deck.frames.items() if f'data-frames="{file}"' in slide)
            packed = re.search(r', "(.*)"', made)[1]
            texts = dict(json.loads(gzip.decompress(base64.b64decode(packed)))["controls"])
            assert value in [*texts[name], *map(as_number, texts[name])], (row.question, name)
