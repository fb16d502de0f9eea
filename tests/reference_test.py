"""The pages in docs/reference/ are those of the help texts."""

import subprocess
from pathlib import Path

from conftest import BUILD_ROOT

PAGES = BUILD_ROOT / "docs/reference"


def test_the_pages_say_what_the_help_texts_say(tmp_path: Path) -> None:
    subprocess.run([PAGES / "generate", tmp_path], check=True)
    generated = {page.name: page.read_text() for page in tmp_path.iterdir()}
    note = generated["docker_image.md"].partition("\n")[0]
    kept = {page.name: page.read_text() for page in PAGES.glob("*.md")}
    stale = {name for name, text in generated.items() if kept.get(name) != text}
    stale |= {name for name, text in kept.items() if text.startswith(note)} - set(generated)
    assert not stale, (
        f"{sorted(stale)} in docs/reference differ from the help texts: run "
        "`docs/reference/generate`, and remove pages of targets that are gone."
    )
