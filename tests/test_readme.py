"""What the README shows is what the committed run says."""

import re

import pytest

from sppe_lib.config import repository
from sppe_lib.errors import DataError
from sppe_lib.evaluation import readme

TEXT = (repository() / "README.md").read_text(encoding="utf-8")


def test_the_verdicts_are_those_of_the_committed_claims():
    assert readme.with_verdicts(TEXT, *readme.committed()) == TEXT, "run python -m sppe_lib.evaluation.readme"


def test_only_the_block_between_the_marks_is_replaced():
    changed = readme.with_verdicts(f"before {readme.BEGIN} old {readme.END} after", [])
    assert (
        changed.startswith(f"before {readme.BEGIN}")
        and changed.endswith(f"{readme.END} after")
        and "old" not in changed
    )
    gate = {"gate": "far apart", "value": 1.234, "ci_low": 1, "ci_high": 2, "holds": True}
    failed = gate | {"gate": "near", "value": None, "holds": None}
    words = readme.with_verdicts(f"{readme.BEGIN}{readme.END}", [], [gate, failed])
    assert "far apart 1.23 (1.00 to 2.00); **near –" in words
    with pytest.raises(DataError, match="marks"):
        readme.with_verdicts("no marks", [])


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(f"docs/{path.name}" for path in (repository() / "docs").glob("*.md"))]
)
def test_every_file_that_a_page_links_to_exists(page):
    path = repository() / page
    links = re.findall(r"\]\(((?!http|#)[^)#]+)\)", path.read_text(encoding="utf-8"))
    assert links
    assert not [link for link in links if not (path.parent / link).exists()]


def test_the_readme_is_a_page_and_not_a_book():
    assert len(TEXT.splitlines()) <= 120
