from typing import Dict

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.layers.changed_tree import changed_tree
from lading.image.layers.changes import find_changes
from lading.image.root.account_files import AccountFiles
from lading.image.root.image_tree import ImageTree

DIRECTORY = Entry("", Kind.DIRECTORY, 0o755, 0, 0)
FILE = Entry("", Kind.FILE, 0o640, 7, 8, size=1)
LINK = Entry("", Kind.SYMLINK, 0o777, 0, 0, target="x")


def changed(before: Dict[str, Entry], after: Dict[str, Entry], accounts: AccountFiles) -> ImageTree:
    entries = {
        path: Entry(path, node.kind, node.mode, node.uid, node.gid, node.target)
        for path, node in before.items()
    }
    files = {"etc/passwd": b"new:x:1:1::/:\n", "etc/group": b""}
    tree = ImageTree(entries, accounts)
    return changed_tree(tree, find_changes(before, after), after, files.__getitem__)


def test_entries_follow_the_changes() -> None:
    before = {"a": DIRECTORY, "a/b": FILE, "c": DIRECTORY, "c/d": FILE, "e": FILE, "f": DIRECTORY}
    before["f/g"] = FILE
    after = {"a": LINK, "c": DIRECTORY, "c/p": Entry("", Kind.PIPE, 0o600, 0, 0), "e": FILE}
    tree = changed(before, after, AccountFiles())
    assert tree.entries == {
        "a": Entry.symlink("a", "x"),
        "c": Entry.directory("c"),
        "c/p": Entry("c/p", Kind.FILE, 0o600),
        "e": Entry("e", Kind.FILE, 0o640, 7, 8),
    }


def test_accounts_are_those_of_the_files_now() -> None:
    before = {"etc": DIRECTORY, "etc/passwd": FILE, "etc/shadow": FILE, "etc/group": LINK}
    after = {"etc": DIRECTORY, "etc/passwd": FILE, "etc/group": LINK}
    tree = changed(before, after, AccountFiles("old", "kept", "gone"))
    assert tree.accounts == AccountFiles(passwd="new:x:1:1::/:\n", group="kept")


def test_account_files_behind_links_are_those_in_the_image() -> None:
    up = Entry("", Kind.SYMLINK, 0o777, 0, 0, target="/../../private/./etc")
    users = Entry("", Kind.SYMLINK, 0o777, 0, 0, target="../users")
    after = {
        "etc": up,
        "private": DIRECTORY,
        "private/etc": DIRECTORY,
        "private/etc/passwd": FILE,
        "private/etc/group": users,
        "private/users": FILE,
    }
    files = {"private/etc/passwd": b"new:x:1:1::/:\n", "private/users": b"new:x:1:\n"}
    tree = changed_tree(ImageTree({}, AccountFiles("old", "old")), [], after, files.__getitem__)
    assert tree.accounts == AccountFiles(passwd="new:x:1:1::/:\n", group="new:x:1:\n")


def test_trivy_2299_packages_are_those_that_the_commands_left() -> None:
    """Packages that a command adds with `dpkg --install` are in the database too."""
    files = {"var/lib/dpkg/status": b"Package: new\n", "var/lib/dpkg/status-old": b"Package: old\n"}
    tree = ImageTree({}, dpkg_status="Package: old\n\n")
    after = dict.fromkeys(files, FILE)
    assert changed_tree(tree, [], after, files.__getitem__).dpkg_status == "Package: new\n\n"
    assert changed_tree(tree, [], {}, files.__getitem__).dpkg_status == ""
