"""What a Debian package puts into an image: the files for a segment, and a description."""

import hashlib
import re
from pathlib import Path
from typing import Iterator, List, Mapping, Tuple

from lading.debian.installed_package import InstalledPackage
from lading.debs.deb_archive import DebArchive
from lading.debs.unpack import merged
from lading.files.kind import Kind
from lading.tar.tree_segment import TreeFile

# Control files whose content is described in other ways.
_DESCRIBED = frozenset(("conffiles", "control", "md5sums"))
_TEMPORARY = re.compile(r"(?:usr/lib|etc)/tmpfiles\.d/[^/]+\.conf")


def installed_files(deb: DebArchive, documentation: bool) -> Tuple[TreeFile, ...]:
    """The package's files, with documentation only if it is wanted.

    Directories that only contain left-out files are left out too.
    """
    files = list(deb.files())
    if documentation:
        return tuple(files)
    kept = [
        file
        for file in files
        if file.member.is_directory
        or not is_documentation(file.member.path, file.member.is_symlink)
    ]
    needed = {parent for file in kept if not file.member.is_directory for parent in _parents(file)}
    return tuple(
        file
        for file in kept
        if not file.member.is_directory
        or file.member.path in needed
        or not is_documentation(file.member.path, False)
    )


def describe(deb: DebArchive, files: Tuple[TreeFile, ...]) -> InstalledPackage:
    """The description of a package of which an image has `files`."""
    fields = deb.fields
    kept = {file.member.path for file in files}
    contents = {file.member.path: file for file in files if file.member.kind == Kind.FILE}
    return InstalledPackage(
        name=fields["package"],
        version=fields["version"],
        architecture=fields.get("architecture", "all"),
        control=deb.control,
        multi_arch_same=fields.get("multi-arch", "") == "same",
        conffiles=tuple(_conffiles(deb, contents)),
        md5sums=tuple(_md5sums(deb, contents)),
        replaces=_names(fields.get("replaces", "")),
        listed=tuple(
            path for path in (one.member.path for one in deb.members()) if merged(path) in kept
        ),
        control_files={
            name: deb.text(name) for name in sorted(deb.control_files) if name not in _DESCRIBED
        },
        temporary=tuple(_temporary(contents)),
        interests=tuple(_interests(deb.text("triggers"))),
    )


def _parents(file: TreeFile) -> Iterator[str]:
    path = file.member.path
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _conffiles(deb: DebArchive, contents: Mapping[str, TreeFile]) -> Iterator[Tuple[str, str]]:
    for line in deb.text("conffiles").splitlines():
        # The first word of two is a flag: deb-conffiles(5).
        path = line.split()[-1].lstrip("/") if line.strip() else ""
        if merged(path) in contents:
            yield path, hashlib.md5(_content(contents, merged(path))).hexdigest()


def _md5sums(deb: DebArchive, contents: Mapping[str, TreeFile]) -> Iterator[Tuple[str, str]]:
    """The package's own list, with its own paths: deb-md5sums(5)."""
    for line in deb.text("md5sums").splitlines():
        digest, _, path = line.partition("  ")
        if merged(path) in contents:
            yield path, digest


def _content(contents: Mapping[str, TreeFile], path: str) -> bytes:
    file = contents[path]
    content = contents[file.member.hardlink].content if file.member.hardlink else file.content
    assert not isinstance(content, Path), "a package is read into memory"
    return bytes(content)


def _temporary(contents: Mapping[str, TreeFile]) -> Iterator[str]:
    """The lines of tmpfiles.d(5) that create something."""
    for path in sorted(contents):
        if _TEMPORARY.fullmatch(path):
            text = _content(contents, path).decode("utf-8", "replace")
            for line in text.splitlines():
                if re.match(r"[CDFLQdfpqv]\S*\s", line):
                    yield " ".join(line.split())


def _interests(triggers: str) -> Iterator[str]:
    """The triggers that other packages may activate: deb-triggers(5)."""
    for line in triggers.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].startswith("interest"):
            yield words[1]


def _names(relation: str) -> Tuple[str, ...]:
    """The package names in a field like Replaces. Versions are ignored, since a lock's packages fit
    each other."""
    names: List[str] = [re.split(r"[\s(:]", item.strip())[0] for item in relation.split(",")]
    return tuple(name for name in names if name)


# Manuals, translations of messages, and files for Debian's own tools: what Debian's slim images
# leave out.
_DOCUMENTATION = re.compile(
    r"usr/share/(?:doc|doc-base|groff|gtk-doc|info|linda|lintian|locale|man|omf|bug|apport)/."
)

# Licences must be distributed with programs; the C library reads locale.alias.
_KEPT = re.compile(r"usr/share/doc/[^/]+/copyright[^/]*|usr/share/locale/locale\.alias")

# A package may use another package's directory as its own.
_DIRECTORY_LINK = re.compile(r"usr/share/doc/[^/]+")


def is_documentation(path: str, is_symlink: bool) -> bool:
    """Whether images leave out what is at `path`."""
    if not _DOCUMENTATION.match(path) or _KEPT.fullmatch(path):
        return False
    return not (is_symlink and _DIRECTORY_LINK.fullmatch(path))
