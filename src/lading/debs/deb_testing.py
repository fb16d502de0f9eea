"""Debian packages for tests, made in memory: a fixture library."""

import io
import lzma
import tarfile
from pathlib import Path
from typing import Dict, Iterable, Optional, Tuple, Union

#: A member for `data.tar`: bytes are a file's content, a string a symlink's target, None a
#: directory. A TarInfo is used unchanged.
Content = Union[bytes, str, None, tarfile.TarInfo]


def member(path: str, content: Content, mode: Optional[int] = None) -> tarfile.TarInfo:
    if isinstance(content, tarfile.TarInfo):
        return content
    info = tarfile.TarInfo(f"./{path}")
    if content is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    elif isinstance(content, str):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, content, 0o777
    else:
        info.size, info.mode = len(content), 0o644
    if mode is not None:
        info.mode = mode
    return info


def hard_link(path: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(f"./{path}")
    info.type, info.linkname = tarfile.LNKTYPE, f"./{target}"
    return info


def tar(members: Iterable[Tuple[str, Content]], modes: Optional[Dict[str, int]] = None) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, content in members:
            info = member(path, content, (modes or {}).get(path))
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return output.getvalue()


def ar(members: Iterable[Tuple[str, bytes]]) -> bytes:
    archive = b"!<arch>\n"
    for name, content in members:
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
        archive += header.encode("ascii") + content + b"\n" * (len(content) % 2)
    return archive


def make_deb(
    path: Path,
    members: Iterable[Tuple[str, Content]],
    modes: Optional[Dict[str, int]] = None,
    control_files: Optional[Dict[str, str]] = None,
    **fields: str,
) -> Path:
    """A package named after the file, with more control fields and files on demand; returns
    `path`."""
    control = "".join(
        f"{key.replace('_', '-').capitalize()}: {value}\n"
        for key, value in {"package": path.stem, **fields}.items()
    )
    texts = {"control": control, **(control_files or {})}
    packed = [(name, text.encode("utf-8")) for name, text in texts.items()]
    path.write_bytes(
        ar(
            [
                ("debian-binary", b"2.0\n"),
                ("control.tar.xz", lzma.compress(tar(packed))),
                ("data.tar.xz", lzma.compress(tar(members, modes), preset=0)),
            ]
        )
    )
    return path
