import json
from dataclasses import replace
from typing import Any, Callable, Dict, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.lock import DebianLock, check_made_for, locked_versions
from lading.debs.relation import Relation, parse_relations
from lading.values.digest import Sha256
from lading.values.errors import LadingError


def package(name: str, *dependencies: str, architecture: str = "amd64") -> BinaryPackage:
    return BinaryPackage(
        name=name,
        version="1:2.0-3+deb12u1",
        architecture=architecture,
        filename=f"pool/main/{name[0]}/{name}/{name}_2.0-3+deb12u1_{architecture}.deb",
        sha256=Sha256("ab" * 32),
        size=1234,
        depends=parse_relations(name, ", ".join(dependencies)),
    )


def lock(*packages: BinaryPackage) -> DebianLock:
    return DebianLock(
        resolve="bookworm",
        suites=("bookworm", "bookworm-updates"),
        components=("main",),
        architectures=("amd64",),
        released={"bookworm": "20250102T030405Z", "bookworm-updates": "20260102T030405Z"},
        roots=("bash",),
        packages={"amd64": packages},
    )


LOCK = lock(package("bash", "base-files", "libc6"), package("base-files"), package("libc6"))


def test_json_is_sorted_and_one_field_a_line() -> None:
    described = replace(
        package("base-files", "awk | gawk (>= 1)", "libc6", architecture="all"),
        provides=(Relation("base", "=", "1"),),
        conflicts=(Relation("other"), Relation("third", "<<", "2")),
        priority="required",
        multi_arch="foreign",
        snapshot="20250102T030405Z",
    )
    text = lock(described).to_json()
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
        "conflicts": "other, third (<< 2)",
        "depends": "awk | gawk (>= 1), libc6",
        "filename": "pool/main/b/base-files/base-files_2.0-3+deb12u1_all.deb",
        "multi_arch": "foreign",
        "priority": "required",
        "provides": "base (= 1)",
        "sha256": "%s",
        "size": 1234,
        "snapshot": "20250102T030405Z",
        "version": "1:2.0-3+deb12u1"
      }
    }
  },
  "released": {
    "bookworm": "20250102T030405Z",
    "bookworm-updates": "20260102T030405Z"
  },
  "resolve": "bookworm",
  "roots": [
    "bash"
  ],
  "suites": [
    "bookworm",
    "bookworm-updates"
  ],
  "version": 2
}
"""
        % ("ab" * 32)
    )


names = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,5}", fullmatch=True)


@st.composite
def locks(draw: Callable[[Any], Any]) -> DebianLock:
    chosen = sorted(draw(st.sets(names, min_size=1, max_size=6)))
    depends = st.lists(st.sampled_from(chosen), unique=True, max_size=4)
    return lock(*(package(name, *draw(depends)) for name in chosen))


@given(locks())
def test_json_round_trip(value: DebianLock) -> None:
    assert DebianLock.from_json(value.to_json()) == value


def test_most_packages_have_little_to_say() -> None:
    fields = json.loads(lock(package("base-files")).to_json())["packages"]["amd64"]["base-files"]
    assert set(fields) == {"architecture", "filename", "sha256", "size", "version"}


def test_its_time_is_that_of_the_youngest_suite() -> None:
    assert LOCK.timestamp == "20260102T030405Z"


def test_versions_are_found_in_locks_of_any_format() -> None:
    entries = {"amd64": {"a": {"version": "1"}}, "arm64": {"a": {"version": "2"}}}
    text = json.dumps({"version": 1, "packages": entries})
    assert locked_versions(text) == {"a:amd64": "1", "a:arm64": "2"}
    assert locked_versions(text, "arm64") == {"a": "2"}
    assert locked_versions(LOCK.to_json())["bash"] == "1:2.0-3+deb12u1"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"packages": [1]}', '{"packages": {"a": 1}}'])
def test_what_is_no_lock_has_no_versions(text: str) -> None:
    assert locked_versions(text) == {}


def test_locks_are_hashable() -> None:
    assert len({LOCK, replace(LOCK)}) == 1


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
        f"The Debian lock `bookworm` was made for the {name} {made_for}, but `{name}` is now "
        "`new`. Run `./pants generate-lockfiles --resolve=bookworm`."
    )


Path = Tuple[str, ...]
BASH: Path = ("packages", "amd64", "bash")


@pytest.mark.parametrize(
    "path, value, sentence",
    [
        (("version",), 1, "its format is version 1, but this Lading reads 2"),
        (("resolve",), "", "its `resolve` is '' and not a name"),
        (("suites",), "bookworm", "its `suites` is 'bookworm' and not a list of strings"),
        (("components",), [1], r"its `components` is \[1\] and not a list of strings"),
        (("released", "bookworm"), "yesterday", "the date of 'bookworm' in its `released` is 'yes"),
        (("released",), {}, "`suites` and `released` do not match"),
        (("released",), 1, "its `released` is 1 and not an object"),
        (("architectures",), ["amd64", "arm64"], "`architectures` and `packages` do not match"),
        (("packages",), [], r"its `packages` is \[\] and not an object"),
        (("packages", "amd64"), [], r"`packages` of amd64 is \[\] and not an object"),
        (("packages", "amd64", "Bash"), {}, "a package's name is 'Bash', which is malformed"),
        (("colour",), "red", "it has `colour`, which is unknown"),
        (BASH, {}, "package 'bash' lacks `architecture`, `filename`"),
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
        ((*BASH, "depends"), ["zsh"], r"the `depends` is \['zsh'\]"),
        ((*BASH, "conflicts"), "a b", "of package 'bash' the `conflicts` is malformed"),
        ((*BASH, "snapshot"), "now", "the `snapshot` is 'now', which is malformed"),
        ((*BASH, "priority"), 1, "the `priority` is 1, which is malformed"),
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


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000], ids=lambda text: text[:2])
def test_refuses_what_is_no_json_object(text: str) -> None:
    with pytest.raises(LadingError, match="it is not .*JSON"):
        DebianLock.from_json(text)
