from typing import Dict, Optional

import pytest

from lading.files.entry import EXECUTABLE_MODE, PLAIN_MODE, Entry
from lading.files.kind import Kind
from lading.image.root.image_tree import ImageTree
from lading.image.root.programs import DEFAULT_PATH, ImageContents, MembersNeeded, ProgramSearch
from lading.values.errors import LadingError
from lading.values.path import StorePath

HELLO = StorePath("h" * 32, "hello")
SCRIPT = StorePath("s" * 32, "script.sh")
UNKNOWN = StorePath("v" * 32, "unknown")

TREE = ImageTree(
    {
        entry.path: entry
        for entry in (
            Entry.directory("usr"),
            Entry.directory("usr/bin"),
            Entry.symlink("bin", "usr/bin"),
            Entry("usr/bin/java", Kind.FILE, 0o755),
            Entry("usr/bin/text", Kind.FILE, 0o644),
            Entry.symlink("usr/bin/hello", f"{HELLO}/bin/hello"),
            Entry.symlink("usr/bin/gone", f"{HELLO}/bin/gone"),
            Entry.symlink("usr/bin/other", "/nowhere"),
            Entry.symlink("usr/bin/loop", "loop"),
            Entry.symlink("usr/bin/mounted", "/data/x"),
            Entry("opt/tool", Kind.FILE, 0o711),
        )
    }
)


def members(*found: Entry) -> Dict[str, Entry]:
    return {member.path: member for member in found}


PACKAGES: Dict[StorePath, Optional[Dict[str, Entry]]] = {
    HELLO: members(
        Entry("", Kind.DIRECTORY, 0o555),
        Entry("bin", Kind.DIRECTORY, 0o555),
        Entry("bin/hello", Kind.FILE, EXECUTABLE_MODE),
        Entry("bin/hi", Kind.SYMLINK, 0o777, target="hello"),
        Entry("share", Kind.FILE, PLAIN_MODE),
    ),
    SCRIPT: members(Entry("", Kind.FILE, EXECUTABLE_MODE)),
    UNKNOWN: None,
}


def search(path: str = DEFAULT_PATH, working_dir: str = "/usr") -> ProgramSearch:
    return ProgramSearch(ImageContents(TREE, PACKAGES), path, working_dir, ("/data",))


@pytest.mark.parametrize(
    "program",
    [
        *("/usr/bin/java", "/bin/java", "/bin/hello", f"{HELLO}/bin/hello", f"{HELLO}/bin/hi"),
        *("/opt/tool", str(SCRIPT), "java", "hello", "bin/java", "./bin/java", "../bin/java"),
        # Mounted when a container runs.
        *("/data/x", "/proc/self/exe", "/bin/mounted"),
    ],
)
def test_programs_that_an_image_has(program: str) -> None:
    search().check("`cmd` begins with it", program)


@pytest.mark.parametrize(
    "program, reason",
    [
        ("/usr/bin/jav", "which is in no layer of the image. The image has /usr/bin/java. Name"),
        ("/usr/local/bin/java", "which is in no layer of the image. The image has /usr/bin/java."),
        (f"{HELLO}/bin/nope", "which is in no layer of the image. "),
        ("/store/" + "x" * 32 + "-gone/bin/x", "which is in no layer of the image. "),
        ("/bin/gone", f"which is a link to '{HELLO}/bin/gone', where nothing is. "),
        ("/bin/other", "which is a link to '/nowhere', where nothing is. "),
        ("/bin/loop", "which is a link to '/bin/loop', where nothing is. "),
        ("/usr/bin", "which is a directory. "),
        ("/usr/bin/text", "which is not executable: its mode is 0644. "),
        ("/bin/text", "which is not executable: its mode is 0644. "),
        (f"{HELLO}/share", "which is not executable: its mode is 0444. "),
        ("text", "is not executable: its mode is 0644. "),
        ("tool", "which is in no directory of `PATH`, '/usr/local/sbin:"),
        ("java -version", "Write each argument as a string of its own. Name a program that is in"),
        ("tool", "The image has /opt/tool. Name a program that is in the image, or add what is"),
        ("bin/nope", "which is in no layer of the image. "),
        ("/database", "which is in no layer of the image. "),
    ],
)
def test_programs_that_an_image_lacks(program: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        search().check("`cmd` begins with it", program)
    assert str(error.value).startswith("`cmd` begins with it, ")
    assert reason in str(error.value)


def test_without_directories_in_path_nothing_is_found() -> None:
    with pytest.raises(LadingError, match="in no directory of `PATH`, ''"):
        search(path="").check("`cmd`", "java")


def test_packages_are_looked_into_when_it_matters() -> None:
    with pytest.raises(MembersNeeded) as needed:
        search().check("`cmd`", f"{UNKNOWN}/bin/x")
    assert needed.value.package == UNKNOWN
