"""What axe-core, the usual checker of accessibility, finds on a page: for the tests, and for the table in docs/."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = {"serious", "critical"}


def grave_findings(
    page: Page, context: str | None = None, rules: list[str] | None = None, without: tuple[str, ...] = ()
) -> list[tuple[str, str, str]]:
    """Each serious or critical finding as (rule, where, the element's own text), of the page or of what `context` selects."""
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    options["rules"] = {rule: {"enabled": False} for rule in without}
    found = Axe().run(page, context, options).response["violations"]
    return [
        (rule["id"], " ".join(map(str, node["target"])), node["html"][:200])
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]
