"""The prose says what the code shows, its headings are in order, and its links lead somewhere."""

import re

import pytest
from claims import numbers, unknown_names, untrue_numbers, untrue_shapes
from stored import EACH, NOTEBOOKS, ROOT, code, made_of, printed, prose, prose_cells, read

FOLDERS = ("", "benchmarks", "deploy", "docs", "solutions", "tests/mutations")
PAGES = [*(path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.md"))), *NOTEBOOKS]


def disorder(notebook):
    """One title, first of all; no level left out; no heading twice."""
    text = "\n".join(cell.source for cell in prose_cells(notebook))
    headings = re.findall(r"^(#+) +(.+)$", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M)
    levels, told = [len(marks) for marks, _ in headings], [name for _, name in headings]
    found = [] if levels[:1] == [1] and levels.count(1) == 1 else ["not one title, at the top"]
    found += [told[i] for i in range(1, len(levels)) if levels[i] > levels[i - 1] + 1]
    return found + [name for name in dict.fromkeys(told) if told.count(name) > 1]


def text_of(page):
    return "\n".join(cell.source for cell in prose_cells(read(page))) if page.suffix == ".ipynb" else page.read_text("utf-8")


def anchors(page):
    """What a link may name after `#`: JupyterLab's way in notebooks, GitHub's elsewhere."""
    headings = re.findall(r"^#+ +(.+)$", text_of(page), flags=re.M)
    if page.suffix == ".ipynb":
        return {re.sub(r"[`*]", "", heading).replace(" ", "-") for heading in headings}
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(text, page):
    """Links and images of a page that lead nowhere, images without a text, and references to no notebook."""
    found = []
    for image, told, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)[^)]*\)", text):
        path, _, anchor = target.partition("#")
        other = (page.parent / path) if path else page
        if target.startswith("https://"):
            continue
        if not other.exists() or anchor and anchor not in anchors(other):
            found.append(target)
        if image and len(told) < 30:
            found.append(f"an image without a text: {target}")
        if re.match(r"\d\d ", told) and path != re.sub(r"\W", "_", told.lower()) + ".ipynb" and page.suffix == ".ipynb":
            found.append(f"{told} is not {target}")
    for reference in re.findall(r"notebooks? (\d\d(?:(?:,? and|,| to) \d\d)*)", text, flags=re.I):
        found += [f"notebook {n}" for n in re.findall(r"\d\d", reference) if n not in {path.stem[:2] for path in NOTEBOOKS}]
    return found


@EACH
def test_each_number_stands_in_code_or_output_nearby(path):
    assert untrue_numbers(read(path)) == []


@EACH
def test_each_name_in_inline_code_exists(path):
    assert unknown_names(read(path)) == []


@EACH
def test_each_shape_in_inline_code_stands_nearby(path):
    assert untrue_shapes(read(path)) == []


@EACH
def test_headings_are_in_order(path):
    assert disorder(read(path)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert broken_links(text_of(page), page) == []


# ---- each check finds its fault -----------------------------------------------------------------------------------------


def lesson(text):
    return made_of(
        prose("# T"),
        prose(f"## Here\n\n{text}"),
        code("x = f(5, 2)\nx", printed("0.762 (L=5, N=2) 1e-6 torch.Size([4, 8])")),
        prose("## Elsewhere"),
        code("77"),
        code("88"),
    )


@pytest.mark.parametrize(
    "text, untrue",
    [
        ("5 steps, 0.76 or 0.762, 1e-6, 76 %, layer 2", []),
        ("6 steps", ["6"]),
        ("0.77", ["0.77"]),
        ("1e-5", ["1e-5"]),
        ("77 %", ["77 %"]),
        ("88", ["88"]),
        ("`x[3]`", ["3"]),
        ("$\\tanh(0.9)$", ["0.9"]),
        ("notebook 09, 3 [03 x](03_y.ipynb) (04), mistake 9, h_7, l3, float64", ["3"]),
        ("It has 999 things ([source](https://example.org/1)). And 998.", ["998"]),
    ],
)
def test_a_number_that_stands_nowhere_is_found(text, untrue):
    assert [told.partition(":")[0] for told in untrue_numbers(lesson(text))] == untrue


def test_numbers_of_the_course_itself_are_no_claims():
    assert numbers("## 3. What\n**20 minutes.** notebooks 02 to 04, and 06") == []
    assert numbers("| **00 start here** | how? | 20 |\n| [01 x](01_y.ipynb) | what? | 45 |\n| 30 |") == ["30"]


@pytest.mark.parametrize(
    "text, unknown",
    [
        ("`x`, `f(x)`, `torch.cat([h_n[-2], h_n[-1]], dim=-1)`, `weight_ih_l0`, `README.md`", ["h_n"] * 2),
        ("`weigth_ih_l0`", ["weigth_ih_l0"]),
        ("`nn.Rnn`", ["Rnn"]),
        ("`tensor.permutate()`", ["permutate"]),
        ("`x.view(N, -1)`", []),
    ],
)
def test_a_name_that_does_not_exist_is_found(text, unknown):
    assert [told.partition(":")[0] for told in unknown_names(lesson(text)) if "tensor:" not in told] == unknown


@pytest.mark.parametrize(
    "shape, untrue", [("(4, 8)", 0), ("(8, 4)", 1), ("output (L=5, N=2)", 0), ("(L=2, N=5)", 1), ("(L, N)", 0), ("f(9, 9)", 0)]
)
def test_a_shape_that_stands_nowhere_is_found(shape, untrue):
    assert len(untrue_shapes(lesson(f"`{shape}`"))) == untrue


@pytest.mark.parametrize(
    "text, wrong",
    [
        ("# T\n## A\n### B\n## C", 0),
        ("## A\n# T", 1),
        ("# T\n### B", 1),
        ("# T\n## A\n## A", 1),
        ("# T\n# U", 1),
        ("no heading", 1),
    ],
)
def test_a_heading_out_of_order_is_found(text, wrong):
    assert len(disorder(made_of(prose(text)))) == wrong


@pytest.mark.parametrize(
    "text, wrong",
    [
        ("[x](01_rnn_theory.ipynb) [01 RNN theory](01_rnn_theory.ipynb) notebook 05", 0),
        ("[x](01_theory.ipynb)", 1),
        ("[01 RNN theory](02_constructor_arguments.ipynb)", 1),
        ("as in notebook 31", 1),
        ("[x](01_rnn_theory.ipynb#Why-tanh?) [x](#The-map)", 0),
        ("[x](01_rnn_theory.ipynb#Why-relu?)", 1),
        ("[x](#The-mop)", 1),
        ("![](../docs/explorer.png)", 1),
        ("![an explorer with four sliders above a drawing](../docs/explorer.png)", 0),
        ("![an explorer with four sliders above a drawing](nowhere.png)", 1),
    ],
)
def test_a_link_that_leads_nowhere_is_found(text, wrong):
    assert len(broken_links(text, NOTEBOOKS[0])) == wrong
