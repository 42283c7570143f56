"""The pages answer: a typed answer means on a page what it means in the notebook, and the quiz counts as it does everywhere."""

import json
import random
import re
import shutil
from html import unescape

import build_site
import nbformat
import pytest
import site_answers
from lab import NOTEBOOKS

from helpers.exercises.answers import as_python, format_answer, is_right
from helpers.exercises.checking import EXERCISES
from helpers.exercises.exercise import Predict
from helpers.exercises.guesses import ask_back, what_differs
from helpers.exercises.judging import judge
from helpers.exercises.questions import LEVELS, TOPICS
from helpers.exercises.quiz import Quiz

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
PREDICTED = [exercise for exercise in EXERCISES.values() if isinstance(exercise, Predict)]
FORM = re.compile(r"<form class=\"ask\" id=\"(.*?)\" data-asked='(.*?)'")
LESSON = "03_input_and_h0_shapes"
POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"

# What people type where one of these is asked for, and what they should not.
ANSWERS = {
    (5, 2, 4): "L N H_out",
    (4, 7): "",
    (3,): "n",
    (3, 3, 2, 2, 1, 1, 1): "t",
    20: "",
    -3: "",
    0.5: "",
    1 / 3: "",
    0.01: "",
}
WORDS = [True, False, "tanh", "b"]
SPELLED = """(5, 2, 4)|5,2,4|[5, 2, 4]|5 2 4| (5,2,4,) |(3,)|3|torch.Size([5, 2, 4])|(L=5, N=2, H=4)|5x2x4|5×2×4|5*2*4|(10/2, 2, 2*2)
（５，２，４）|５、２、４|20|20.0|20 numbers|twenty|9+6+3+2|10x2|4*(2+3)|2*(3+7)|-3|−3|- 3|--3|+20|0.5|.5|5e-1|0,5|0,50|1/2|0.333|0.334|0.3333
1/3|2/6|YES|y|true|No!|no.|False|ja|TANH|'tanh'|"tanh"|Tanh !|relu|b|B|b)|(b)||?|maybe|2 0|4, 7|7, 4|(H_out=4, H_in=7)|(7, 4)|4 by 7|4;7|4; 7
(4,6)|4|5, 4, 2|(2, 5, 4)|(5, 2)|5, 2, 4, 1|h_n|l0|conv2d 20|row 3|05|05+1|2_0|1_240|1e1|2e1|1/0|3//2|7//2*6|9**9**9|5-2-4|5 - -2|(5)|[5]
((5,2,4))|([5,2,4])|[(5,2,4)]|[[5,2,4]]|(5,2,4|5,,2|(5)(2)|5,2,4)|20 # 3|0x14|20j|0b11|{5,2,4}|5:2:4|5==5|²|٣|٢٠|nan|inf|20.|20..|2.0.0|0.01
0,01|0.0095|0.0105|1e-2|x = 20|h_n.shape = (5, 2, 4)|output.shape == (5,2,4)|shape (5, 2, 4)|3,3,2,2,1,1,1|[3, 3, 2, 2, 1, 1, 1]|1,1,1,2,2,3,3
3 3 2 2 1 1|tensor([3, 3, 2, 2, 1, 1, 1])|None|(2.5, 2, 4)|5.0, 2.0, 4.0|-5, 2, 4|2*10|2 * 10|40/2|80//4|(3+1)*5|100%|20%|$20|about 20|20?|20!!
yes and no|yes, it is|1|0|true!|'yes'|640|620|five, two, four|five by two by four|Twenty-one|twenty one
twenty 3|seventy-three words|sixteen|six x two|nineteen|twentyone|stone|one-two|five_two|minus three|zero point five|two hundred|a third|Fivé|four=7
"yes"|(no)|I think yes|no they differ|yes because of it|No difference|no of course not|tanh, I think|answer: tanh|answer = b|19 + 1 = 20|2*10=20
b, because it is|b; c|b, or c|b, a|b, a reason|b,|the same words|forget-gate|forget_gate|all but one|19 except two
5 = 20|20 = 5|= 20|i think tanh|none|None of the 15|nobody|20 of the 30|one of two|1 out of 2|2 of 3 of 4|half|a half|one half of them|50%|50 percent|1 %|No one|6 and 2
yes, it is|No: they differ|yes; no|no, not yes|yes,|line b|Answer B|option c|b: the biases|(b) the biases|a b|the tanh|It is tanh|an tanh|tanh gate
the forget gate|forget gate|input gate|gate|the|a|words.|the words|it's b|b: |'b: x'|(the tanh)|the tanh gate
not 20|not five|isn't 5|t≠2|t != 2|not (4, 7)|nothing|knot 3|(5, 2, 2×2)|5, 2, 2·2|5x2,4|2.5×2, 2, 4|9 × 3 − 7|30 − 10|4·5|5·2·4
No. It is in output[0].|Yes. They meet.|No - they differ|no – never|yes - no|no-one|yes-no
(20, 32, 64)|(32, 20, 64)|32 x 20 x 64|187.5|96|3,3,2,2,1,1|63|a|c|d|forget|Forget.|words""".replace("\n", "|").split("|")
JUDGE = "([asked, all]) => all.map(typed => { const { right, said, hint } = judge(asked, typed); return [right, said, hint]; })"


def data(html):
    return json.loads(FORM.search(html)[2])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One lesson, the quiz, TEACHING, and what they need."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "pictures").mkdir()
    shutil.copytree(NOTEBOOKS.parent / "solutions", folder / "solutions")
    for name in ("page.js", "answers.js", "style.css", "icon.svg"):
        shutil.copy(build_site.TEMPLATES / "site" / name, folder)
    made, pages = build_site.exporter(), build_site.read_pages()
    build_site.write_page(next(page for page in pages if page.stem == LESSON), made, folder)
    build_site.write_quiz(pages, made, folder)
    build_site.write_teaching(pages, made, folder)
    return folder


@pytest.fixture
def opened(browser, site, request):
    """Open a page of the site as a web server sends it that allows as little as possible; what went wrong is asked at the end."""
    troubles, contexts = [], []

    def send(route):
        path = site / route.request.url.removeprefix("http://course.test/").partition("#")[0]
        found = path.is_file() and route.request.url.startswith("http://course.test/")
        if not found:
            troubles.append(route.request.url)
        headers = {"Content-Security-Policy": POLICY}
        route.fulfill(path=path, headers=headers) if found else route.fulfill(status=404)

    def open_page(name, **options):
        contexts.append(context := browser.new_context(**options))
        context.route("**/*", send)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"http://course.test/{name}.html")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def python_says(typed, answer, axes):
    if is_right(typed, answer):
        return [True, "", ""]
    back = ask_back(typed, answer)
    return [None, back, ""] if back else [False, what_differs(typed, answer, axes), ""]


def test_a_page_reads_what_is_typed_as_the_notebook_does(opened):
    page, rng = opened("quiz"), random.Random(0)
    typed_at_random = [
        "".join(rng.choice("0123456789  ,,..()[]+-*/xE_=L") for _ in range(rng.randint(1, 9))) for _ in range(1500)
    ]
    for answer in [*ANSWERS, *WORDS]:
        axes = ANSWERS.get(answer, "").split()
        typed = SPELLED if isinstance(answer, (bool, str)) else SPELLED + typed_at_random
        typed = [text for text in typed if "E" not in text.replace("YES", "")]  # huge numbers are written in other ways
        said = page.evaluate(JUDGE, [site_answers.asked(answer, axes=axes), typed])
        assert dict(zip(typed, said)) == {text: python_says(text, answer, axes) for text in typed}, answer


def test_an_exercise_gives_the_same_hints_on_a_page(opened):
    page, made = opened("quiz"), build_site.exporter()
    for exercise in PREDICTED:
        asked = data(site_answers.exercise_form(exercise, made))
        typed = SPELLED + [format_answer(as_python(value)) for value in (exercise.truth(), *exercise.wrong)]
        for text, (right, words, hint) in zip(typed, page.evaluate(JUDGE, [asked, typed])):
            judged = judge(exercise, text)
            assert (right, hint) == (judged.right, judged.hint), (exercise.number, text)
            assert words in ("", judged.sentence), (exercise.number, text)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_question_of_a_notebook_is_asked_on_its_page(path):
    notebook = nbformat.read(path, as_version=4)
    page = site_answers.ask_on_page(notebook, path.name, build_site.exporter())
    html = "\n".join(cell.source for cell in page.cells if cell.cell_type == "raw")
    stored = [
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    predicted = [site_answers.PREDICTED.fullmatch(text) for text in stored]
    asked = {id: json.loads(text) for id, text in FORM.findall(html)}
    assert [one["shown"] for id, one in asked.items() if "-" in id] == [unescape(found[2]) for found in predicted if found]
    for asking in html.split("<form")[1:]:  # no button tells the answer
        assert asking.count('<button value="') != 1, asking
    own = [number for number in EXERCISES if number.startswith(path.name[:2])]
    assert [id for id in asked if "." in id] == [number for number in own if EXERCISES[number] in PREDICTED]
    assert html.count("A solution</summary>") + len([id for id in asked if "." in id]) == len(own)
    assert ("quiz.html" in html) == ("explore_quiz(" in str(notebook.cells))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_page_does_not_ask_for_what_only_a_notebook_can_do(path):
    page = site_answers.ask_on_page(nbformat.read(path, as_version=4), path.name, build_site.exporter())
    prose = " ".join(" ".join(cell.source.split()) for cell in page.cells if cell.cell_type == "markdown")
    found = re.search(
        r"Shift|[Rr]un (the|each) ((first|next) )?cell|before you run|\bKernel →|`\.\.\.`|`answer = |Press Enter|and run\."
        "|click its number",
        prose,
    )
    assert not found, prose[found.start() - 80 : found.end() + 80]
    code = "\n".join(
        cell.source
        for cell in page.cells
        if cell.cell_type == "code" and not cell.metadata.get("transient", {}).get("remove_source")
    )
    assert not re.search(r"^(predict|check|explore_quiz)\(|= \.\.\.$|import check$", code, re.MULTILINE)


def test_what_a_page_says_otherwise_still_stands_in_a_notebook():
    cells = [cell for path in PATHS for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    prose = "\n\n".join(cell.source for cell in cells)
    assert [said for said, _ in site_answers.WORDS if not re.search(said, prose, re.MULTILINE)] == []


def form(page, id):
    return page.locator(f'form[id="{id}"]')


def test_a_prediction_is_answered_with_a_finger(opened):
    page = opened(LESSON, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    asked = form(page, "03-12")
    asked.get_by_label("Your answer").tap()
    page.keyboard.type("a few")
    asked.get_by_role("button", name="Check").tap()
    assert asked.get_by_role("status").inner_text().strip() == "A number in digits, please."
    asked.get_by_label("Your answer").fill("2")
    asked.get_by_role("button", name="Check").tap()
    assert "✗ Not yet Your number is too small." in asked.get_by_role("status").inner_text()
    asked.get_by_role("button", name="Show the answer").tap()
    assert asked.get_by_role("status").inner_text().strip() == "The answer is 5."
    chosen = form(page, "03.2")
    chosen.get_by_role("button", name="b", exact=True).tap()
    assert chosen.get_by_role("status").inner_text().startswith("✓ Right The answer is b. The network knows")
    assert page.evaluate("[document.documentElement.scrollWidth, JSON.parse(localStorage.unrolled).right]") == [
        390,
        {"03.2": True},
    ]


def test_an_exercise_is_answered_by_the_keyboard_alone_and_gives_one_more_hint_each_time(opened):
    page = opened(LESSON, viewport={"width": 1600, "height": 900})
    exercise = EXERCISES["03.1"]
    asked, hints = form(page, "03.1"), [exercise.about[0], exercise.hints[0]]
    asked.get_by_label("Your answer").focus()
    for typed, shown in [("(1, 1, 1)", [hints[0]]), ("(1, 1, 2)", [*hints]), ("(1, 1, 1)", [hints[0]])]:
        page.keyboard.press("Control+a")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        assert asked.get_by_role("listitem").all_inner_texts() == shown
    page.keyboard.press("Control+a")
    page.keyboard.type("20, 32, 64")
    page.keyboard.press("Enter")
    assert EXERCISES["03.1"].wrong[(20, 32, 64)] in asked.get_by_role("listitem").all_inner_texts()
    page.keyboard.press("Control+a")
    page.keyboard.type("torch.Size([32, 20, 64])")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert asked.get_by_role("status").inner_text().startswith("✓ Right The answer is (32, 20, 64). With batch_first=True")


def test_it_works_from_a_folder_too(browser, site):
    page = browser.new_page()
    page.goto((site / f"{LESSON}.html").as_uri())
    form(page, "03.2").get_by_role("button", name="b", exact=True).click()
    assert form(page, "03.2").get_by_role("status").inner_text().startswith("✓ Right")
    page.goto((site / "quiz.html").as_uri())
    page.get_by_role("button", name="Show the answer").click()
    assert "It is (" in page.get_by_role("status").inner_text()
    assert page.evaluate("Object.keys(JSON.parse(localStorage.unrolled))") == ["right", "quiz"]
    card = '<meta charset="utf-8"><p data-progress="03" data-of="4"></p><script src="answers.js"></script>'  # as the index has it
    (site / "map.html").write_text(card, encoding="utf-8")
    page.goto((site / "map.html").as_uri())
    assert page.locator("p").inner_text().strip() == "1 of 4 right ·"
    page.close()


def test_without_a_script_the_answers_are_folded(opened):
    page = opened(LESSON, java_script_enabled=False)
    asked = form(page, "03-12")
    assert not asked.get_by_role("button").all() and not asked.get_by_text("5", exact=True).is_visible()
    asked.get_by_text("The answer", exact=True).click()
    assert asked.get_by_text("5", exact=True).is_visible()
    quiz = opened("quiz", java_script_enabled=False)
    assert quiz.locator("noscript details").count() >= 2 * LEVELS and not quiz.get_by_role("button").all()
    assert not quiz.get_by_text("Your answers stay in this browser").is_visible()  # nothing is counted or kept


def asked_now(page):
    return page.evaluate(
        "JSON.parse(document.querySelector('#questions').textContent)[JSON.parse(localStorage.unrolled).quiz.now]"
    )


def test_the_quiz_counts_and_climbs_as_the_one_in_a_terminal(opened):
    page, rng, quiz, topics = opened("quiz", viewport={"width": 1600, "height": 900}), random.Random(1), Quiz(0), {}
    page.get_by_label("Your answer").focus()
    seen = set()
    for number in range(1, 26):
        question = asked_now(page)
        assert question["text"] not in seen and question["level"] == quiz.level
        seen.add(question["text"])
        points = rng.choice([0, 0.5, 1, 1, 1])
        for wrong in range(2 - int(2 * points)):
            page.keyboard.type("99, 99, 99"[: None if wrong else 6])
            page.keyboard.press("Enter")
            assert "✗" in page.get_by_role("status").inner_text()
            page.keyboard.press("Control+a") if not (points == 0 and wrong) else None
        if points:
            page.keyboard.type(question["shown"])
            page.keyboard.press("Enter")
            assert page.get_by_role("status").inner_text().strip() == f"✓ Right {question['why']}"
        page.keyboard.press("Enter")  # the button for the next question has the focus
        quiz.count(number, points)
        topics.setdefault(question["topic"], []).append(points)
    first, *rows = [row.inner_text() for row in page.locator("#score p, #score li").all() if row.is_visible()]
    assert first == f"{sum(quiz.counted.values()):g} of 25 right, level {quiz.level} of {LEVELS}."
    shares = {name: sum(points) / len(points) for name, points in topics.items()}
    assert [row.partition(":")[0] for row in rows] and sorted(rows) == sorted(
        f"{name}: {sum(points):g} of {len(points)} right."
        + f' You can read again in {TOPICS[name].notebook}, "{TOPICS[name].section}".' * (shares[name] < 0.8)
        for name, points in topics.items()
    )
    order = [shares[row.partition(":")[0]] for row in rows]
    assert order == sorted(order)
    page.reload()  # the browser remembers, until it is told to forget
    assert page.locator("#score p").first.inner_text() == first
    forget = page.get_by_role("button", name="Forget all my answers")
    page.once("dialog", lambda asked: asked.dismiss())
    forget.click()
    assert page.locator("#score p").first.inner_text() == first
    page.once("dialog", lambda asked: asked.accept())
    with page.expect_navigation():  # the page loads again
        forget.click()
    assert page.locator("#score p").first.inner_text() == "No question is answered yet."


def test_what_is_no_answer_is_no_try_and_leaving_after_a_wrong_answer_counts(opened):
    page = opened("quiz")
    answer, status = page.get_by_label("Your answer"), page.get_by_role("status")
    before = asked_now(page)
    answer.fill("I do not know")
    answer.press("Enter")
    assert status.inner_text().strip() == before["ask"].capitalize()
    page.get_by_role("button", name="Next question").click()
    assert page.locator("#score p").first.inner_text() == "No question is answered yet."
    answer.fill("99, 99")
    answer.press("Enter")
    answer.press("Enter")  # the same again is no second try
    assert "The second try counts half" in status.inner_text()
    page.get_by_role("button", name="Next question").click()
    assert page.locator("#score p").first.inner_text() == "0 of 1 right, level 1 of 6."
    page.get_by_role("button", name="Show the answer").click()
    assert page.locator("#score p").first.inner_text() == "0 of 2 right, level 1 of 6."


def test_the_sections_that_the_quiz_recommends_exist():
    hrefs = {path.name[:2]: path.name for path in PATHS}
    for name, place in site_answers.quiz_topics(hrefs).items():
        file, _, heading = place["href"].partition("#")
        cells = nbformat.read(NOTEBOOKS / file, as_version=4).cells
        assert f'id="{heading}"' in "".join(build_site.prose(cell.source) for cell in cells if cell.cell_type == "markdown"), name


def test_a_lesson_has_its_contents_and_what_belongs_to_it(site):
    html = (site / f"{LESSON}.html").read_text(encoding="utf-8")
    contents = html[html.index('<nav class="contents"') : html.index("</nav>", html.index('<nav class="contents"'))]
    headings = re.findall(r'<h2 id="(.*?)">', html)
    assert len(headings) > 5 and re.findall(r'<li><a href="#(.*?)">', contents) == headings
    links = re.findall(r'<a href="([^#"]+(?:#\d+)?)"', contents)
    assert links == [f"{LESSON}.ipynb", f"solutions/{LESSON}.py", "teaching.html#03"]
    teaching = (site / "teaching.html").read_text(encoding="utf-8")
    assert all(
        f'<h2 id="{path.name[:2]}">' in teaching and f'href="{path.stem}.html"' in teaching or path.stem != LESSON
        for path in PATHS
    )
    assert not re.search(r'href="(?!https:|#)[^"]*\.(md|ipynb)"', teaching)
