"""The switch for large type. That it enlarges what is on the page is looked at in a browser, where there is one."""

import nbformat
import pytest
from lab import close_notebook, copied_notebooks, jupyterlab, open_lab, open_notebook, run_all
from store_notebooks import KERNEL

from helpers import projector

LARGE = "from helpers import projector\nprojector({})\n"
WIDTH = "document.querySelector('.jupyter-widgets .widget-html-content svg').getBoundingClientRect().width"
SLIDER = ".jupyter-widgets .noUi-base"
LETTERS = "parseFloat(getComputedStyle(document.querySelector('.cm-content')).fontSize)"
READ = "document.querySelector('.jupyter-widgets .widget-readout').innerText"


@pytest.mark.parametrize("times", [0, -1, 5, float("nan"), True, "large", None])
def test_other_than_a_size_is_refused_by_name(times):
    with pytest.raises(ValueError, match="^times: given .* expected a number over 0 and at most 4"):
        projector(times)


def explorer_of(folder, page, times):
    """Widths of the picture and of the code's letters in px, and what the slider's readout says after a click on its right end."""
    sources = LARGE.format(times), "from helpers import explore_steps\nexplore_steps()"
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nb = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL}, cells=cells)
    nbformat.write(nb, folder / f"large_{times}.ipynb")
    open_notebook(page, f"large_{times}.ipynb")
    run_all(page)
    page.locator(SLIDER).first.scroll_into_view_if_needed()
    width, letters, box = page.evaluate(WIDTH), page.evaluate(LETTERS), page.locator(SLIDER).first.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    page.wait_for_function(f"{READ} != '0'")
    last = page.evaluate(READ)
    close_notebook(page)
    return width, letters, last


@pytest.mark.sweep
def test_explorers_are_larger_and_their_sliders_still_meet_the_mouse(browser):
    with copied_notebooks() as folder, jupyterlab(folder) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        open_lab(page, address)
        (usual, code, last), (large, large_code, last_large) = (explorer_of(folder, page, times) for times in (1, 1.5))
    assert large >= 1.3 * usual and large_code == 1.5 * code
    assert last == last_large == "4"
