import json
from dataclasses import replace
from typing import Any, Callable, Dict, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.debian.lock import DebianLock, LockedPackage, check_made_for, closure
from lading.digest import Sha256
from lading.errors import LadingError


def package(name: str, *dependencies: str, architecture: str = "amd64") -> LockedPackage:
    return LockedPackage(
        name=name,
        version="1:2.0-3+deb12u1",
        architecture=architecture,
        filename=f"pool/main/{name[0]}/{name}/{name}_2.0-3+deb12u1_{architecture}.deb",
        sha256=Sha256("ab" * 32),
        size=1234,
        dependencies=dependencies,
    )


def lock(*packages: LockedPackage) -> DebianLock:
    return DebianLock(
        resolve="bookworm",
        suites=("bookworm", "bookworm-updates"),
        components=("main",),
        architectures=("amd64",),
        timestamp="20260102T030405Z",
        roots=("bash",),
        packages={"amd64": packages},
    )


LOCK = lock(package("bash", "base-files", "libc6"), package("base-files"), package("libc6"))


def test_json_is_sorted_and_one_field_a_line() -> None:
    text = lock(package("base-files", architecture="all")).to_json()
    assert (
        text
        == """\
{
  "architectures": [
    "amd64"
  ],
  "components": [
    "main"
  ],
  "packages": {
    "amd64": {
      "base-files": {
        "architecture": "all",
        "dependencies": [],
        "filename": "pool/main/b/base-files/base-files_2.0-3+deb12u1_all.deb",
        "sha256": "%s",
        "size": 1234,
        "version": "1:2.0-3+deb12u1"
      }
    }
  },
  "resolve": "bookworm",
  "roots": [
    "bash"
  ],
  "suites": [
    "bookworm",
    "bookworm-updates"
  ],
  "timestamp": "20260102T030405Z",
  "version": 1
}
"""
        % ("ab" * 32)
    )


names = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,5}", fullmatch=True)


@st.composite
def locks(draw: Callable[[Any], Any]) -> DebianLock:
    chosen = sorted(draw(st.sets(names, min_size=1, max_size=6)))
    depends = st.lists(st.sampled_from(chosen), unique=True, max_size=4).map(sorted)
    return lock(*(package(name, *draw(depends)) for name in chosen))


@given(locks())
def test_json_round_trip(value: DebianLock) -> None:
    assert DebianLock.from_json(value.to_json()) == value


@given(locks())
def test_closure_is_closed_sorted_and_holds_the_roots(value: DebianLock) -> None:
    root = value.packages["amd64"][0].name
    found = [found.name for found in closure(value, "amd64", [root])]
    assert root in found
    assert found == sorted(set(found))
    for member in closure(value, "amd64", [root]):
        assert set(member.dependencies) <= set(found)


def test_closure_follows_dependencies_through_cycles() -> None:
    value = lock(package("aa", "bb"), package("bb", "aa"), package("cc"))
    assert [found.name for found in closure(value, "amd64", ["aa"])] == ["aa", "bb"]


def test_what_is_left_out_takes_along_what_only_it_needs() -> None:
    value = lock(
        package("aa", "bb", "cc"),
        package("bb", "dd"),
        package("cc", "ee"),
        package("dd"),
        package("ee"),
    )
    found = [found.name for found in closure(value, "amd64", ["aa"], {"bb"})]
    assert found == ["aa", "cc", "ee"]


def test_locks_are_hashable() -> None:
    assert len({LOCK, replace(LOCK)}) == 1


def test_a_root_that_is_not_locked_names_the_command() -> None:
    with pytest.raises(LadingError) as caught:
        closure(LOCK, "amd64", ["bash", "zsh"])
    assert str(caught.value) == (
        "`zsh` is not in the Debian lock `bookworm` for amd64. Run "
        "`./pants generate-lockfiles --resolve=bookworm` to add what the targets that use the "
        "lock, and its `packages`, ask for."
    )


def test_an_architecture_that_is_not_locked_names_those_that_are() -> None:
    with pytest.raises(LadingError, match="no packages for 'arm64', only for `amd64`. Add it"):
        closure(LOCK, "arm64", ["bash"])


@pytest.mark.parametrize("name", ["suites", "components", "architectures"])
def test_rules_apko_69_apko_1654_a_lock_older_than_its_target_is_refused(name: str) -> None:
    wanted = {
        "suites": ("bookworm-updates", "bookworm"),
        "components": ("main",),
        "architectures": ("amd64",),
    }
    check_made_for(LOCK, **wanted)
    with pytest.raises(LadingError) as caught:
        check_made_for(LOCK, **{**wanted, name: ("new",)})
    made_for = ", ".join(f"`{value}`" for value in getattr(LOCK, name))
    assert str(caught.value) == (
        f"The Debian lock `bookworm` was made for the {name} {made_for}, and `{name}` is `new` "
        "now. Run `./pants generate-lockfiles --resolve=bookworm`."
    )


Path = Tuple[str, ...]
BASH: Path = ("packages", "amd64", "bash")


@pytest.mark.parametrize(
    "path, value, sentence",
    [
        (("version",), 2, "its format is version 2, and this Lading reads 1"),
        (("resolve",), "", "its `resolve` is '' and not a name"),
        (("suites",), "bookworm", "its `suites` is 'bookworm' and not a list of strings"),
        (("components",), [1], r"its `components` is \[1\] and not a list of strings"),
        (("timestamp",), "yesterday", "its `timestamp` is 'yesterday', which is malformed"),
        (("architectures",), ["amd64", "arm64"], "`architectures` and `packages` do not fit"),
        (("packages",), [], r"its `packages` is \[\] and not an object"),
        (("packages", "amd64"), [], r"`packages` of amd64 is \[\] and not an object"),
        (("packages", "amd64", "Bash"), {}, "a package's name is 'Bash', which is malformed"),
        (("colour",), "red", "it has `colour`, which is unknown"),
        (BASH, {}, "package 'bash' lacks `architecture`, `dependencies`"),
        (BASH, None, "package 'bash' is None and not an object"),
        ((*BASH, "size"), True, "the `size` is True and not a number of bytes"),
        ((*BASH, "size"), -1, "the `size` is -1 and not a number of bytes"),
        ((*BASH, "version"), "1 2", "the `version` is '1 2', which is malformed"),
        ((*BASH, "architecture"), 7, "the `architecture` is 7, which is malformed"),
        ((*BASH, "filename"), "/etc/passwd", "'/etc/passwd' and not a path below `pool/`"),
        ((*BASH, "filename"), "pool/../a.deb", "'pool/../a.deb' and not a path below"),
        ((*BASH, "filename"), None, "None and not a path below"),
        ((*BASH, "sha256"), "abcd", "the `sha256` is wrong: 'abcd' is not a SHA-256: too short"),
        ((*BASH, "sha256"), None, "the `sha256` is None and not a string"),
        ((*BASH, "dependencies"), ["zsh"], "`bash` depends on `zsh`, which is missing"),
    ],
)
def test_refuses(path: Path, value: object, sentence: str) -> None:
    fields: Dict[str, Any] = json.loads(LOCK.to_json())
    place = fields
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(LadingError, match=f"^The Debian lock cannot be used: .*{sentence}"):
        DebianLock.from_json(json.dumps(fields))


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_refuses_what_is_no_json_object(text: str) -> None:
    with pytest.raises(LadingError, match="it is not .*JSON"):
        DebianLock.from_json(text)
