"""Maintainer scripts for tests: a fixture library."""

from typing import Dict, Mapping, Tuple, Union

from lading.debian.scripts.maintainer_scripts import ScriptEffects, follow_package
from lading.debian.scripts.script_files import ScriptFiles
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.root.account_files import AccountFiles

ACCOUNTS = AccountFiles(
    passwd="root:*:0:0:root:/root:/bin/bash\nmail:*:8:8:mail:/var/mail:/bin/sh\n",
    group="root:*:0:\nmail:*:8:\nstaff:*:50:\n",
)


def script_files(tree: Mapping[str, Union[str, Entry]]) -> ScriptFiles:
    """`tree` has texts of files by absolute path, or entries; parents may be missing."""
    entries: Dict[str, Entry] = {}
    for path, content in tree.items():
        place = path.lstrip("/")
        for end in (at for at, character in enumerate(place) if character == "/"):
            entries.setdefault(place[:end], Entry.directory(place[:end]))
        if isinstance(content, Entry):
            entries[place] = content
        else:
            entries[place] = Entry(place, Kind.FILE, 0o644, data=content.encode())
    return ScriptFiles(
        entries.get,
        lambda path: [one for one in entries if one.startswith(f"{path}/")],
        lambda path: entries[path].data if path in entries else None,
        ACCOUNTS,
        "amd64",
    )


def follow(
    script: str, name: str = "postinst", tree: Mapping[str, Union[str, Entry]] = {}
) -> Tuple[ScriptEffects, ScriptFiles]:
    files = script_files({"/etc/passwd": "", "/usr/bin/sh": "", "/var/lib/x": "", **tree})
    return follow_package("pkg", {name: script}, frozenset(), files), files


def not_run(script: str, name: str = "postinst") -> Tuple[str, ...]:
    effects, _ = follow(script, name)
    return effects.not_run.get(name, ())
