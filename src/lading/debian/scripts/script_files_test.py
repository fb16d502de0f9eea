import os
import stat
import subprocess
from pathlib import Path
from typing import Dict, Tuple

import pytest

from lading.debian.scripts import script_files as module
from lading.debian.scripts.maintainer_scripts import follow_package
from lading.debian.scripts.scripts_testing import follow, script_files
from lading.files.entry import Entry
from lading.files.kind import Kind

_Found = Dict[str, Tuple[Kind, int, object]]

_SCRIPTS = (
    "mkdir -p $D/a/b/c; mkdir -m 700 $D/d $D/e",
    "mkdir $D/a; mkdir $D/a || true; rmdir $D/a",
    "install -d $D/a/b -m 2775; install -m 600 /dev/null $D/a/b/f; install -D $D/file $D/x/y/z",
    "ln -s target $D/link; ln -s other $D/link || true; ln -sf other $D/link",
    "mkdir $D/a; ln -s ../file $D/a; ln -sfn elsewhere $D/a/file; ln -s dir $D/l; ln -sT x $D/m",
    "mkdir $D/dir; ln -s dir $D/l; touch $D/l/inside; ln -s t $D/l; ln -sfn new $D/l",
    "cp $D/file $D/copy; cp $D/program $D/p; cp -p $D/program $D/q; mkdir $D/a; cp $D/file $D/a",
    "cp -n $D/file $D/program; cp $D/file $D/program",
    "touch $D/a; mv $D/a $D/b; mkdir $D/d; mv $D/b $D/d; touch $D/x; rm -f $D/x $D/nothing",
    "chmod 600 $D/file; chmod u+s,g-r $D/program; chmod go= $D/file; mkdir $D/d; chmod g+ws $D/d",
    "chmod a+x $D/file; chmod o-rwx $D/program; mkdir $D/d; chmod +t $D/d; chmod 2755 $D/d",
    "mkdir -p $D/a/b; touch $D/a/b/c; chmod -R go-rwx $D/a; chmod -R u=rwX,go=rX $D/a",
    "mkdir $D/d; chmod 3777 $D/d; chmod 750 $D/d; chmod 4755 $D/program; chmod 0755 $D/program",
    "mkdir $D/d; chmod 2755 $D/d; chmod 00755 $D/d; chmod 6755 $D/program; chmod u=rwx $D/program",
    "mkdir $D/d; chmod 7777 $D/d; chmod a=rx $D/d; chmod 0 $D/file",
    "echo one > $D/a; echo two three >> $D/a; : > $D/b; echo new > $D/file; echo x >> $D/program",
    "for i in 1 2 3; do echo $i > $D/$i; done",
    "if [ ! -e $D/a ]; then touch $D/a; fi; if [ -e $D/a ]; then rm $D/a; else touch $D/b; fi",
    "[ -d $D ] && [ -f $D/file ] && [ ! -L $D/file ] && [ -x $D/program ] && touch $D/all",
    "ln -s nowhere $D/l; [ -e $D/l ] || touch $D/dangling; [ -L $D/l ] && touch $D/link",
    'f() { local x="$1/$2"; mkdir -p "$x"; shift; touch "$x/$1"; }; f $D a; f "$D" "b c"',
    "cmp -s $D/file $D/program || touch $D/different; diff -q $D/file $D/no || touch $D/absent",
    "x=a; y=${x:-b}${z-c}${x:+d}; touch $D/$y; set -- 1 2; touch $D/$#$2",
    "x=a; case $x in a) touch $D/w;; *) touch $D/v; esac",
    "true && touch $D/a || touch $D/b; false && touch $D/c || touch $D/d; ! true || touch $D/e",
    "umask 022; cd /; touch $D/a; exit 0; touch $D/b",
    "f() { touch $D/a; exit; }; f; touch $D/b",
    "f() { touch $D/a; return; touch $D/b; }; f; touch $D/c",
    "for i in 1 2 3; do [ $i = 2 ] && continue; touch $D/$i; done; touch $D/end",
    "for i in 1 2 3; do [ $i = 2 ] && break; touch $D/$i; done; touch $D/end$i",
    "(x=1; touch $D/a; exit 0; touch $D/b); touch $D/c$x; y=$(exit 0); touch $D/d",
)


@pytest.mark.parametrize("script", _SCRIPTS)
def test_what_is_followed_is_what_a_shell_does(script: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("file\n")
    (root / "program").write_text("program\n")
    (root / "file").chmod(0o644)
    (root / "program").chmod(0o755)
    root.chmod(0o755)
    before = _listed(root)
    files = script_files(
        {
            f"{root}/file": "file\n",
            f"{root}/program": Entry(
                f"{root}/program".lstrip("/"), Kind.FILE, 0o755, data=b"program\n"
            ),
        }
    )
    script = f"D={root}\n{script}\n"
    assert follow_package("pkg", {"postinst": script}, frozenset(), files).not_run == {}
    subprocess.run(["sh", "-c", f"umask 022\n{script}"], capture_output=True, check=False)
    prefix = f"{root}/".lstrip("/")
    followed = {
        path[len(prefix) :]: (
            entry.kind,
            entry.mode,
            entry.target or entry.data if entry.kind != Kind.DIRECTORY else "",
        )
        for path, entry in files.made.items()
        if path.startswith(prefix)
    }
    assert {**before, **followed} == _listed(root)


def _listed(root: Path) -> _Found:
    found: _Found = {}
    for path in root.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = (Kind.SYMLINK, mode, os.readlink(path))
        elif path.is_dir():
            found[name] = (Kind.DIRECTORY, mode, "")
        else:
            found[name] = (Kind.FILE, mode, path.read_bytes())
    return found


@pytest.mark.parametrize(
    ("script", "path", "expected"),
    [
        ("chown mail:staff /var/lib/x", "var/lib/x", (0o644, 8, 50)),
        ("chown root.staff /var/lib/x", "var/lib/x", (0o644, 0, 50)),
        ("chgrp 12 /var/lib/x; chmod 2640 /var/lib/x", "var/lib/x", (0o2640, 0, 12)),
        ("chmod 4755 /var/lib/x; chown 7 /var/lib/x", "var/lib/x", (0o755, 7, 0)),
        ("install -d -o mail -g mail -m 750 /var/y", "var/y", (0o750, 8, 8)),
        (
            "dpkg-statoverride --list /var/lib/x || "
            "dpkg-statoverride --update --add mail staff 2755 /var/lib/x",
            "var/lib/x",
            (0o2755, 8, 50),
        ),
    ],
)
def test_owners_are_those_of_the_image(script: str, path: str, expected: Tuple[int, ...]) -> None:
    effects, files = follow(script)
    assert effects.not_run == {}
    made = files.made[path]
    assert (made.mode, made.uid, made.gid) == expected


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("chown nobody-yet /var/lib/x", "an account that is not there"),
        ("chmod 640 /etc/*.conf", "a pattern"),
        ("mv /var/lib/x /var/lib/y", "a file of a package"),
        ("cp -r /var/lib /var/z", "a tree"),
        ("touch /no/such/directory/x", "no directory"),
        ("mkdir /etc/passwd/x", "a file in the way"),
        ("cp /etc/none /etc/x", "no source"),
        ("ln /etc/passwd /etc/x", "a hard link"),
        ("chmod --reference=/a /var/lib/x", "an option"),
        ("touch relative", "no absolute path"),
        ("chmod 77777 /var/lib/x", "no mode"),
        ("install -o '' /var/lib/x /var/lib/y", "an account without a name"),
        ("dpkg-statoverride --update --add root mail u+s /var/lib/x", "a mode in letters"),
        ("dpkg-statoverride --add root mail 2x /var/lib/x", "no mode"),
        ("if unknown; then touch /etc/x; fi", "what may not be run"),
        ("unknown || exit 0; touch /etc/x", "a script that may have ended"),
        ("f() { unknown && return 1; touch /etc/x; }; f", "a function that may have ended"),
        ("for i in 1; do unknown && break; touch /etc/x; done", "a loop that may have ended"),
        ("for i in 1; do unknown && break; x=1; done; touch /etc/x$x", "a variable of such a loop"),
    ],
)
def test_what_is_not_plain_is_left_and_reported(script: str, reason: str) -> None:
    effects, files = follow(script)
    assert effects.not_run, reason
    assert files.made == {}, reason


@pytest.mark.parametrize(
    "leaving",
    [
        "unknown || exit 1",
        "f() { unknown && return; }; f",
        "for i in 1; do unknown && break; done",
        "(unknown && exit 0)",
        "x=$(unknown && exit 0)",
        "unknown | exit 0",
    ],
)
def test_what_ends_only_a_part_or_fails_leaves_the_rest_certain(leaving: str) -> None:
    _, files = follow(f"{leaving}; touch /etc/x")
    assert set(files.made) == {"etc/x"}


def test_links_of_a_merged_usr_and_of_the_image_are_followed() -> None:
    link = Entry.symlink("var/run", "/run")
    _, files = follow("mkdir /var/run/x; ln -s y /bin/z", tree={"/var/run": link, "/run/a": ""})
    assert set(files.made) == {"run/x", "usr/bin/z"}


def test_no_more_paths_are_changed_than_honest_scripts_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_SPREAD", 10)
    effects, _ = follow("for i in 1 2 3 4 5 6; do chmod -R 755 /var/lib; done")
    assert effects.not_run == {"postinst": ("chmod -R 755 /var/lib",)}


def test_no_more_bytes_are_copied_than_honest_scripts_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_COPIED", 10)
    script = "cp /etc/a /etc/b; cp /etc/a /etc/c; cp /etc/a /etc/d"
    effects, files = follow(script, tree={"/etc/a": "1234"})
    assert effects.not_run == {"postinst": ("cp /etc/a /etc/d",)}
    assert set(files.made) == {"etc/b", "etc/c"}
