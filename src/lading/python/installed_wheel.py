"""A wheel in PEX's `.deps`: unpacked as pip installs it, then packed into a zip file."""

import base64
import configparser
import csv
import errno
import json
import posixpath
import re
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Container, Dict, Iterator, Mapping, Tuple

from lading.files.entry import Entry
from lading.files.kind import LINK_MODE, Kind
from lading.files.path_fault import path_fault, target_fault
from lading.python.bytecode import is_bytecode
from lading.store.elf import inherit_search_path
from lading.tar.tree_segment import TreeFile
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.foreign_text import shown

_LAYOUT = ".layout.json"
_DEFAULT_STASH = ".prefix"
_ENTRY_POINTS = "entry_points.txt"
_SHEBANG = re.compile(rb"#!pythonw?[ \r\n]")

_CHUNK = 1 << 20

# zipfile reports damage, encryption and unknown methods in all of these ways, and OSError with
# EINVAL when it seeks to a negative offset; JSON may be nested too deeply.
_DAMAGE = (EOFError, KeyError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)

# The compression methods that PEX writes.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# The most that is read into memory: texts that PEX and installers write.
_MOST_TEXT = 16 << 20

# An installer's own notes; `direct_url.json` may name a path on its machine. PEX wrote the
# checksums in RECORD for another layout.
_NOTES = ("REQUESTED", "direct_url.json", "INSTALLER", "RECORD")


@dataclass(frozen=True)
class InstalledWheel:
    """`files` have paths below the directory on Python's path. `scripts` are the console scripts,
    `module:function` by name. `has_path_files` says whether there are `.pth` files, which `site`
    reads.
    """

    files: Tuple[TreeFile, ...]
    scripts: Mapping[str, str]
    has_path_files: bool


def read_wheel(path: Path, program: str, scratch: Path) -> InstalledWheel:
    """Reads a wheel without console scripts and bytecode. What it installs besides modules is put
    into `bin`, `share` and so on below them, as by `pip install --target`. `program` is the Python
    for scripts, `scratch` an empty directory for the files. Raises LadingError for anything but
    such a wheel.
    """
    files: Dict[str, TreeFile] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.compress_type not in _METHODS:
                    raise ValueError(f"{shown(info.filename)!r} is neither stored nor deflated")
            stash = _stash(archive)
            scripts = dict(_console_scripts(archive))
            for number, (info, name) in enumerate(_wanted(archive, stash, scripts)):
                files[name] = _file(archive, info, name, scratch / str(number))
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise LadingError(
            f"{path.name!r} is not a wheel that PEX has installed ({error}). Build the PEX again."
        ) from error
    for name, file in files.items():
        if name.startswith("bin/") and isinstance(file.content, Path):
            _name_interpreter(file.content, program)
    files.update(_record(files, scratch / "RECORD"))
    return InstalledWheel(
        files=tuple(files[name] for name in sorted(files)),
        scripts=dict(sorted(scripts.items())),
        has_path_files=any("/" not in name and name.endswith(".pth") for name in files),
    )


def _stash(archive: zipfile.ZipFile) -> str:
    """The directory of files that don't belong on Python's path."""
    if _LAYOUT not in archive.namelist():
        return _DEFAULT_STASH
    layout = json.loads(_text(archive, archive.getinfo(_LAYOUT)))
    if not isinstance(layout, dict):
        raise ValueError(f"its {_LAYOUT} is not an object")
    return str(layout.get("stash_dir", _DEFAULT_STASH))


def _wanted(
    archive: zipfile.ZipFile, stash: str, scripts: Container[str]
) -> Iterator[Tuple[zipfile.ZipInfo, str]]:
    """The members to install, with their paths below the directory on Python's path."""
    for info in archive.infolist():
        name = info.filename
        if name.endswith("/") or name == _LAYOUT or is_bytecode(name):
            continue
        if {"", ".", ".."} & set(name.split("/")):
            raise ValueError(f"{name!r} may lead outside")
        if name.startswith(f"{stash}/"):
            name = name[len(stash) + 1 :]
            # The installer wrote it for its own Python.
            if posixpath.dirname(name) == "bin" and posixpath.basename(name) in scripts:
                continue
        elif _is_metadata(name) and posixpath.basename(name) in _NOTES:
            continue
        fault = path_fault(name)
        if fault:
            raise ValueError(f"{shown(name)!r} {fault}")
        yield info, name


def _text(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        text = file.read(_MOST_TEXT + 1)
    if len(text) > _MOST_TEXT:
        raise ValueError(f"{shown(info.filename)!r} has more than {_MOST_TEXT >> 20} MiB")
    return text


def _is_metadata(name: str) -> bool:
    directory = posixpath.dirname(name)
    return directory.endswith(".dist-info") and "/" not in directory


def _file(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, place: Path) -> TreeFile:
    attributes = info.external_attr >> 16
    if stat.S_ISLNK(attributes):
        target = _text(archive, info).decode("utf-8")
        fault = target_fault(target)
        if fault:
            raise ValueError(f"{shown(name)!r} {fault}")
        return TreeFile(Entry(name, Kind.SYMLINK, LINK_MODE, target=target))
    with archive.open(info) as source, place.open("wb") as output:
        shutil.copyfileobj(source, output, _CHUNK)
    inherit_search_path(str(place))
    mode = 0o755 if attributes & stat.S_IXUSR else 0o644
    return TreeFile(Entry(name, Kind.FILE, mode), place)


def _name_interpreter(script: Path, program: str) -> None:
    """Binary distribution format, Recommended installer features: `#!python` is rewritten."""
    with script.open("rb") as file:
        if not _SHEBANG.match(file.read(len(b"#!pythonw\n"))):
            return
    first, _, rest = script.read_bytes().partition(b"\n")
    arguments = first.partition(b" ")[2]
    line = b" ".join(filter(None, (f"#!{program}".encode("utf-8"), arguments)))
    script.write_bytes(line + b"\n" + rest)


def _record(files: Mapping[str, TreeFile], place: Path) -> Dict[str, TreeFile]:
    """The list of installed files (Recording installed projects, The RECORD file), which PEX leaves
    out; `importlib.metadata.files` reads it. It need not and does not list bytecode."""
    metadata = next((name for name in files if _is_metadata(name)), None)
    if metadata is None:
        return {}
    record = f"{posixpath.dirname(metadata)}/RECORD"
    with place.open("w", encoding="utf-8", newline="") as output:
        rows = csv.writer(output, lineterminator="\n")
        rows.writerows(_row(name, files[name]) for name in sorted(files) if name != record)
        rows.writerow((record, "", ""))
    return {record: TreeFile(Entry(record, Kind.FILE, 0o644), place)}


def _row(name: str, file: TreeFile) -> Tuple[str, str, str]:
    if not isinstance(file.content, Path):
        return name, "", ""  # a link
    digest = base64.urlsafe_b64encode(bytes.fromhex(Sha256.of_file(file.content).hex))
    return name, f"sha256={digest.decode('ascii').rstrip('=')}", str(file.content.stat().st_size)


def _console_scripts(archive: zipfile.ZipFile) -> Iterator[Tuple[str, str]]:
    for name in archive.namelist():
        if _is_metadata(name) and posixpath.basename(name) == _ENTRY_POINTS:
            text = _text(archive, archive.getinfo(name)).decode("utf-8", "replace")
            yield from _parse_console_scripts(text)


def _parse_console_scripts(text: str) -> Iterator[Tuple[str, str]]:
    """https://packaging.python.org/specifications/entry-points, File format"""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names have case
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    if parser.has_section("console_scripts"):
        for name, value in parser.items("console_scripts"):
            yield name, value.partition("[")[0].strip()
