import pytest

from lading.debian.lock.archive_testing import packages_file, paragraph
from lading.debian.lock.package_index import IndexFile, PackageIndex
from lading.debs.relation import Relation
from lading.values.errors import LadingError


def index(*paragraphs: str) -> PackageIndex:
    return PackageIndex([IndexFile(packages_file(*paragraphs))])


def test_reads_a_package() -> None:
    (package,) = index(
        paragraph(
            "bash",
            "5.2-1",
            Pre_Depends="libc6",
            Depends="base-files",
            Provides="sh (= 5)",
            Conflicts="a",
            Breaks="b",
            Priority="required",
        )
    ).named("bash")
    assert (package.version, package.size, package.priority) == ("5.2-1", 1000, "required")
    assert package.depends == ((Relation("libc6"),), (Relation("base-files"),))
    assert package.provides == (Relation("sh", "=", "5"),)
    assert package.conflicts == (Relation("a"), Relation("b"))


def test_rules_distroless_272_same_package_in_two_suites() -> None:
    both = PackageIndex(
        [
            IndexFile(packages_file(paragraph("a", "1.9"), paragraph("b"))),
            IndexFile(packages_file(paragraph("a", "1.10"), paragraph("b"))),
        ]
    )
    assert [package.version for package in both.named("a")] == ["1.10", "1.9"]
    assert [package.version for package in both.named("b")] == ["1.0"]


def test_backports_are_behind_whatever_has_a_higher_priority() -> None:
    found = PackageIndex(
        [
            IndexFile(packages_file(paragraph("a", "1")), "stable", 500),
            IndexFile(packages_file(paragraph("a", "2"), paragraph("b", "2")), "backports", 100),
            IndexFile(packages_file(paragraph("a", "3"), paragraph("a", "1")), "sid", 1),
        ]
    )
    assert [package.version for package in found.named("a")] == ["1", "2", "3"]
    assert [package.version for package in found.named("b")] == ["2"]
    assert [package.version for package in found.of_suite("a", "sid")] == ["3", "1"]


def test_providers_are_found_by_all_that_they_provide() -> None:
    found = index(
        paragraph("gawk", Provides="awk"),
        paragraph("busybox", Provides="sh (= 1), awk"),
        paragraph("awkward", Provides="awkwardness"),
    )
    assert list(found.provider_names("awk")) == ["gawk", "busybox"]
    assert list(found.provider_names("sh")) == ["busybox"]


@pytest.mark.parametrize("key", ["Version", "Architecture", "Filename", "SHA256", "Size"])
def test_refuses_packages_without(key: str) -> None:
    lines = paragraph("a").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(f"{key}:"))
    with pytest.raises(LadingError, match=f"has no `{key}` for the package 'a'. Report it"):
        index(text).named("a")


@pytest.mark.parametrize(
    "field, value",
    [
        ("Size", "abc"),
        ("Size", "-1"),
        ("Size", "0"),
        ("Size", "9" * 5000),
        ("Size", "1\n 2"),
        ("Version", "zz:1"),
        ("Version", "1 2"),
        ("Version", "\x1b[2J"),
        ("Version", "1\n 2"),
        ("SHA256", "abc"),
        ("Architecture", "../x"),
        ("Filename", "/etc/passwd"),
        ("Filename", "pool/../x.deb"),
    ],
)
def test_refuses_packages_with_what_can_be_no(field: str, value: str) -> None:
    with pytest.raises(LadingError) as raised:
        index(paragraph("a", **{field: value})).named("a")
    message = str(raised.value)
    assert message.startswith(f"The archive's index has the `{field}` ") and message.endswith(".")
    assert "for the package 'a'" in message and message.isprintable() and len(message) < 400


def test_bytes_that_are_no_text_are_read_as_well_as_they_can_be() -> None:
    content = b"Package: \xff\nVersion: 1\n\nPackage: a\nProvides: \xfe\n\n" + packages_file(
        paragraph("b")
    )
    assert PackageIndex([IndexFile(content)]).named("b")


@pytest.mark.parametrize("between", [b" ", b"\t", b"X: \x0b"])
def test_refuses_a_name_behind_what_ends_a_paragraph(between: bytes) -> None:
    content = b"Version: 1\n" + between + b"\nPackage: a\n"
    with pytest.raises(LadingError, match="a malformed entry for the package 'a'"):
        PackageIndex([IndexFile(content)]).named("a")


def test_refuses_malformed_relations() -> None:
    with pytest.raises(
        LadingError, match="The Debian package 'a' has the malformed relation 'b c'"
    ):
        index(paragraph("a", Depends="b c")).named("a")
