"""Every link from one page to another leads somewhere, and the index leads to every page."""

from pathlib import Path

import pytest

from tests.docs import pages

LINKS = [
    pytest.param(page, link, id=f"{pages.name(page)} to {link}")
    for page in pages.PAGES
    for link in pages.links(page)
    if "://" not in link and not link.startswith("mailto:")
]


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    target, _, anchor = link.partition("#")
    file = (page.parent / target).resolve() if target else page
    assert file.exists()
    assert not anchor or anchor in pages.anchors(file)


def test_the_index_leads_to_every_page() -> None:
    docs = pages.ROOT / "docs"
    linked = {(docs / link.partition("#")[0]).resolve() for link in pages.links(docs / "README.md")}
    assert {page for page in docs.rglob("*.md") if page.name != "README.md"} <= linked
