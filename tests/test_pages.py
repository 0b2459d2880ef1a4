"""The pages on document types say what models and templates say."""

from __future__ import annotations

import pytest

from docs.pages import FOLDER, pages

PAGES = pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_is_what_make_docs_writes(path):
    assert path.read_text("utf-8") == PAGES[path], "run: make docs"


def test_there_is_no_page_without_a_type():
    assert set(FOLDER.glob("*.md")) == set(PAGES)
