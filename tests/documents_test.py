"""docs/reference/documents.md is the page of the dataclasses as they are."""

import subprocess
import sys
from pathlib import Path

from conftest import BUILD_ROOT

PAGES = BUILD_ROOT / "docs/reference"


def test_the_page_has_the_fields_of_all_documents(tmp_path: Path) -> None:
    page = tmp_path / "documents.md"
    subprocess.run([sys.executable, PAGES / "generate_documents", page], check=True)
    assert (
        page.read_text() == (PAGES / "documents.md").read_text()
    ), "docs/reference/documents.md is not up to date: run `docs/reference/generate_documents`."


def test_every_document_that_a_program_reads_is_on_the_page() -> None:
    text = (PAGES / "documents.md").read_text()
    read = {
        name.split("(")[1].split(",")[0]
        for path in (BUILD_ROOT / "src/lading").rglob("*_main.py")
        for name in path.read_text().split("read_json")
        if name.startswith("(")
    }
    assert len(read) > 15
    assert not {name for name in read if f"\n## {name}\n" not in text}
