"""The tree of installed Debian packages, with what dpkg and maintainer scripts would add to it."""

import posixpath
import re
import tarfile
import tempfile
from dataclasses import dataclass, field
from types import TracebackType
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple, Type

from lading.debian.base_packages import check_kept
from lading.debian.certificates import (
    BUNDLE,
    CONFIGURATION,
    SHARED,
    UPDATER,
    certificate_entries,
    configuration,
)
from lading.debian.dpkg_database import added_entries, database_entries, scanner_entries
from lading.debian.installed_package import InstalledPackage
from lading.debian.layer_request import DebianLayerRequest
from lading.debian.linker_cache import PATH as LINKER_CACHE
from lading.debian.linker_cache import (
    LinkerCache,
    cached_libraries,
    configured_directories,
    generator,
)
from lading.debian.order import in_order_of_dependence
from lading.debian.os_release import os_release_entries
from lading.debian.pam import PROFILES, pam_files
from lading.debian.registered_alternatives import alternative_links, database_texts
from lading.debian.scripts.after_install import after_install_entries
from lading.debian.scripts.maintainer_scripts import ScriptEffects, follow_package
from lading.debian.scripts.script_files import ScriptFiles
from lading.debian.shells import PATH as SHELLS_PATH
from lading.debian.shells import STATE, TEMPLATE, declared, is_declaration, shells_text, state_text
from lading.debs.unpack import MERGED, merged
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.links import follow
from lading.image.layers.tree_parts import PlannedParts, TreePart, plan_parts
from lading.image.root.account_files import ACCOUNT_FILES, AccountFiles
from lading.image.root.dpkg_status import STATUS
from lading.image.root.image_tree import ImageTree, described
from lading.image.root.root_tree import as_in_base
from lading.store.elf import Elf, sound_elf
from lading.values.errors import LadingError

_C_LIBRARY = "libc6"
_ARCHITECTURES = {"x86_64-linux-gnu": "amd64", "aarch64-linux-gnu": "arm64"}
_LOADER = re.compile(r"usr/lib(?:64)?/ld-linux[^/]*\.so\.[0-9]+")


@dataclass
class InstalledTree:
    """`packages` are those of the layer; the first of `parts` are their files, in the same order.
    `effects` are the effects of their scripts by package name, known once the tree is planned.

    It is a context manager because it reads from segments that it keeps open.
    """

    packages: Tuple[InstalledPackage, ...]
    parts: Tuple[TreePart, ...]
    below: Tuple[InstalledPackage, ...]
    kept: Mapping[str, str]
    alternatives: Dict[str, str]
    triplet: str
    suite: str
    base: ImageTree
    effects: Dict[str, ScriptEffects] = field(default_factory=dict)
    # Links of alternatives, by path, once they are chosen.
    _chosen: Dict[str, str] = field(default_factory=dict)
    _members: Dict[str, Tuple[int, Entry]] = field(default_factory=dict)
    _open: Dict[int, tarfile.TarFile] = field(default_factory=dict)

    @classmethod
    def of(cls, request: DebianLayerRequest, base: ImageTree) -> "InstalledTree":
        packages = tuple(part.read_package() for part in request.packages)
        files = [part.files.read() for part in request.packages]
        tree = cls(
            packages=packages,
            parts=(*files, *(part.read() for part in request.parts)),
            below=tuple(part.read_package() for part in request.below),
            kept=request.kept,
            alternatives=dict(request.alternatives),
            triplet=request.triplet,
            suite=request.suite,
            base=base,
        )
        for number, part in enumerate(tree.parts):
            for member in part.members:
                tree._members.setdefault(member.path, (number, member))
        return tree

    def __enter__(self) -> "InstalledTree":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        for archive in self._open.values():
            archive.close()

    def exists(self, path: str) -> bool:
        """Whether the packages or the base have something at `path`."""
        return path in self._members or path in self.base.entries

    def read(self, path: str) -> bytes:
        """The bytes of a file of the packages at exactly this `path`."""
        number, _ = self._members[path]
        if number not in self._open:
            self._open[number] = tarfile.open(
                self.parts[number].files.segment, "r:", encoding="utf-8", errors="surrogateescape"
            )
        content = self._open[number].extractfile(path)
        assert content is not None, f"/{path} is no file"
        return content.read()

    def plan(self) -> PlannedParts:
        """Raises LadingError for what can't be in the same image."""
        check_kept(self.packages, self.kept)
        self._check_loader()
        own = [
            *self._after_scripts(),
            *self._alternatives(),
            *self._shells(),
            *self._pam(),
            *self._certificates(),
            *self._linker_cache(),
            *self._database(),
            *os_release_entries(self.suite, self.exists),
        ]
        own = [as_in_base(entry, self.base) for entry in own]
        return plan_parts(self.parts, self.base, own, self._settle)

    def _check_loader(self) -> None:
        """Raises LadingError if the base's programs use another C library."""
        for package, part in zip(self.packages, self.parts):
            if package.name != _C_LIBRARY:
                continue
            for path in filter(_LOADER.fullmatch, (member.path for member in part.members)):
                if self.base.locate(path) in self.base.entries:
                    raise LadingError(
                        f"the base has /{path}, which is not from a Debian package. {_C_LIBRARY} "
                        "would replace it, and the base's programs might not start. Use a Debian "
                        "base, or none."
                    )

    def _settle(self, path: str, first: TreePart, second: TreePart) -> Optional[TreePart]:
        """A package may overwrite files of packages that it replaces: Debian policy 7.6.1."""
        by_name = {package.name: package for package in self.packages}
        one, other = by_name.get(first.name), by_name.get(second.name)
        if one is None or other is None:
            return None
        if other.name in one.replaces:
            return first
        return second if one.name in other.replaces else None

    def _merged_links(self) -> List[Entry]:
        links = []
        used = {"/".join(path.split("/")[:2]) for path in self._members}
        for name in MERGED:
            in_base = self.base.entries.get(name)
            if f"usr/{name}" not in used:
                continue
            if in_base is None:
                links.append(Entry.symlink(name, f"usr/{name}"))
            elif in_base.kind == Kind.DIRECTORY:
                raise LadingError(
                    f"the base has a directory /{name}, but Debian packages need a link there, to "
                    f"usr/{name}. Put them into the lowest image, with `contents` above them."
                )
        return links

    def _after_scripts(self) -> List[Entry]:
        """The tree after the scripts, whose effects are stored in `effects`."""
        known = after_install_entries(
            [package.name for package in self.packages],
            self.exists,
            self.base.entries.__contains__,
            self.read,
        )
        made = {entry.path: entry for entry in (*self._merged_links(), *known)}
        files = ScriptFiles(
            self._given,
            self._below,
            self._known_content,
            self.accounts(made),
            _ARCHITECTURES.get(self.triplet, ""),
            made,
        )
        own: Dict[str, Set[str]] = {package.name: set() for package in self.packages}
        for path, (number, _) in self._members.items():
            if path not in self.base.entries and number < len(self.packages):
                own[self.packages[number].name].add(path)
        for package in in_order_of_dependence(self.packages):
            name = package.name
            self.effects[name] = follow_package(name, package.control_files, own[name], files)
        return sorted(files.made.values(), key=lambda entry: entry.sort_key)

    def accounts(self, made: Mapping[str, Entry]) -> AccountFiles:
        """The account files of the base. Missing ones are taken from the packages or `made`, by
        path."""
        data = self.base.accounts.to_data()
        for path in ACCOUNT_FILES:
            if path in made:
                data[path] = made[path].data
            elif path in self._members and path not in self.base.entries:
                data[path] = self.read(path)
        return AccountFiles.from_data(data)

    def _given(self, path: str) -> Optional[Entry]:
        in_base = self.base.entries.get(path)
        _, member = self._members.get(path, (0, None))
        if member is None or (in_base is not None and in_base.kind == Kind.DIRECTORY):
            return in_base
        return described(member, path)

    def _below(self, path: str) -> List[str]:
        start = f"{path}/"
        return [one for one in (*self._members, *self.base.entries) if one.startswith(start)]

    def _known_content(self, path: str) -> Optional[bytes]:
        return self.read(path) if self._type(path) == Kind.FILE else None

    def _alternatives(self) -> List[Entry]:
        registered = [one for effects in self.effects.values() for one in effects.alternatives]
        links = alternative_links(registered, self.alternatives, self.exists)
        self._chosen.update(links)
        entries = [Entry.symlink(path, target) for path, target in sorted(links.items())]
        if self.exists("usr/bin/update-alternatives"):
            texts = database_texts(registered, self.alternatives, self.exists)
            entries += [_text_file(path, text) for path, text in texts.items()]
        asked = _asked(self.alternatives)
        return [
            entry for entry in entries if entry.path not in self.base.entries or entry.path in asked
        ]

    def _shells(self) -> List[Entry]:
        in_base = self.base.entries.get(SHELLS_PATH)
        texts = self._texts(is_declaration)
        shells = [*declared(texts)]
        added = [shell for effects in self.effects.values() for shell in effects.shells]
        if in_base is None and TEMPLATE not in texts or in_base is not None and not in_base.data:
            return []
        present = texts[TEMPLATE] if in_base is None else _decoded(in_base.data)
        found = {SHELLS_PATH: shells_text(present, shells, added)}
        if in_base is None:
            found[STATE] = state_text(shells)
        return [_text_file(path, text) for path, text in found.items()]

    def _pam(self) -> List[Entry]:
        profiles = self._texts(_is_pam_profile)
        files = pam_files(
            {posixpath.basename(path): text for path, text in profiles.items()},
            lambda path: self._text(path) if self._type(path) == Kind.FILE else None,
        )
        return [
            _text_file(path, text) for path, text in files.items() if path not in self.base.entries
        ]

    def _text(self, path: str) -> str:
        return _decoded(self.read(path))

    def _texts(self, is_wanted: Callable[[str], bool]) -> Dict[str, str]:
        """The texts of files of the packages, by path."""
        return {
            path: self._text(path)
            for path, (_, member) in self._members.items()
            if member.kind == Kind.FILE and is_wanted(path)
        }

    def _certificates(self) -> List[Entry]:
        certificates = {
            path: self.read(path)
            for path, (_, member) in self._members.items()
            if member.kind == Kind.FILE and _is_certificate(path)
        }
        if not certificates:
            return []
        bundle = self.base.entries.get(BUNDLE)
        present = None if bundle is None else bundle.data
        entries = certificate_entries(certificates, present, self.base.entries)
        if self.exists(UPDATER) and CONFIGURATION not in self.base.entries:
            entries.append(configuration(certificates))
        return entries

    @property
    def left_to_run(self) -> Dict[str, List[str]]:
        """By package, the programs that would have to add its files to files of a base that can't
        be read."""
        base = self.base.entries
        checks = {
            "ldconfig": (self._linker_cache_below() is None, _is_linker_configuration),
            "pam-auth-update": ("etc/pam.d/common-auth" in base, _is_pam_profile),
            "update-ca-certificates": (_is_not_known(base.get(BUNDLE)), _is_certificate),
            "update-shells": (_is_not_known(base.get(SHELLS_PATH)), is_declaration),
        }
        left: Dict[str, List[str]] = {}
        for program, (is_left, concerns) in checks.items():
            for package, part in zip(self.packages, self.parts):
                if is_left and any(concerns(member.path) for member in part.members):
                    left.setdefault(package.name, []).append(program)
        return left

    def _linker_cache_below(self) -> Optional[LinkerCache]:
        """The base's linker cache, or an empty one; None if its content is not known."""
        in_base = self.base.entries.get(LINKER_CACHE)
        if in_base is not None:
            return LinkerCache.parse(in_base.data)
        versions = {one.name: one.version for one in (*self.below, *self.packages)}
        return LinkerCache((), generator(versions["libc-bin"]) if "libc-bin" in versions else "")

    def _linker_cache(self) -> List[Entry]:
        present = self._linker_cache_below()
        configurations = self._texts(_is_linker_configuration)
        # Without the cache, the loader searches the standard directories.
        is_needed = LINKER_CACHE in self.base.entries or self.exists("usr/sbin/ldconfig")
        if present is None or not (is_needed or configurations):
            return []
        names: Dict[str, List[str]] = {}
        for path in {**self._members, **self._chosen}:
            names.setdefault(posixpath.dirname(path), []).append(posixpath.basename(path))
        libraries = cached_libraries(
            configured_directories(configurations, self.triplet),
            lambda path: follow(f"{merged(path)}/.", self._link_target),
            lambda path: names.get(path, ()),
            self._elf,
        )
        cache = present.united(libraries)
        if not cache.libraries:
            return []
        return [Entry(LINKER_CACHE, Kind.FILE, 0o644, data=cache.to_bytes())]

    def _elf(self, path: str) -> Optional[Elf]:
        if self._type(path) != Kind.FILE:
            return None
        with tempfile.NamedTemporaryFile(dir=".") as file:
            file.write(self.read(path))
            file.flush()
            return sound_elf(file.name)

    def _link_target(self, path: str) -> Optional[str]:
        if path in MERGED:
            return f"usr/{path}"
        if path in self._chosen:
            return self._chosen[path]
        _, member = self._members.get(path, (0, None))
        return member.target if member is not None and member.is_symlink else None

    def _type(self, path: str) -> Optional[Kind]:
        _, member = self._members.get(path, (0, None))
        return None if member is None else member.kind

    def _database(self) -> List[Entry]:
        if STATUS in self.base.entries:
            # If it is too large to be read, it stays unchanged.
            present = self.base.dpkg_status
            return (
                added_entries(present, self.packages) if present else scanner_entries(self.packages)
            )
        everything = (*self.below, *self.packages)
        if any(package.name == "dpkg" for package in everything):
            return database_entries(everything)
        return scanner_entries(self.packages)


def _is_not_known(entry: Optional[Entry]) -> bool:
    return entry is not None and not entry.data


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _text_file(path: str, text: str) -> Entry:
    return Entry(path, Kind.FILE, 0o644, data=text.encode("utf-8", "surrogateescape"))


def _is_certificate(path: str) -> bool:
    return path.startswith(f"{SHARED}/") and path.endswith(".crt")


def _is_pam_profile(path: str) -> bool:
    return posixpath.dirname(path) == PROFILES


def _is_linker_configuration(path: str) -> bool:
    return path.startswith("etc/ld.so.conf.d/")


def _asked(wanted: Dict[str, str]) -> Sequence[str]:
    return [name.lstrip("/") if "/" in name else f"usr/bin/{name}" for name in wanted]
