import time

import pytest

from lading.network.source_url import SourceUrl, printable_url, redacted
from lading.values.errors import LadingError


@pytest.mark.parametrize(
    "text, scheme, host, path, file_name",
    [
        ("https://a.example/x/y.tar.gz", "https", "a.example", "/x/y.tar.gz", "y.tar.gz"),
        ("http://a.example:81/y%2B1?z=/q", "http", "a.example:81", "/y%2B1", "y+1"),
        ("mirror://debian/pool/r/r_1~2.deb", "mirror", "debian", "pool/r/r_1~2.deb", "r_1~2.deb"),
        ("mirror://pypi/Foo/foo-1.whl", "mirror", "pypi", "Foo/foo-1.whl", "foo-1.whl"),
        ("file:/srv/a%20b", "file", "", "/srv/a b", "a b"),
        ("file:///srv/a", "file", "", "/srv/a", "a"),
        ("file://localhost/srv/a", "file", "", "/srv/a", "a"),
    ],
)
def test_parts_of_each_kind(text: str, scheme: str, host: str, path: str, file_name: str) -> None:
    url = SourceUrl.parse(text)
    assert url == SourceUrl(text, scheme, host, path)
    assert (str(url), url.file_name) == (text, file_name)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "it has no scheme; known are https://, http://, mirror:// and file:/"),
        ("pool/main/x.deb", "it has no scheme"),
        ("ftp://a.example/x", "unknown scheme 'ftp'"),
        ("https://a.example", "its path names no file"),
        ("https://a.example/", "its path names no file"),
        ("https://a.example/x/", "its path names no file"),
        ("https://a.example/..", "its path names no file"),
        ("https://a.example/x%2Fy", "its path names no file"),
        ("https:///x", "it names no host"),
        ("https://a.example:port/x", "Port could not be cast"),
        ("https://[::1/x", "Invalid IPv6 URL"),
        ("https://a.example/x y", "it contains ' '"),
        ("https://a.example/x\n", r"it contains '\\n'"),
        ("https://me:secret@a.example/x", "holds a user name or password"),
        ("mirror://pool/main/x.deb", "there is no mirror 'pool'; known are debian and pypi"),
        ("mirror://debian", "its path is not of the form mirror://debian/"),
        ("mirror://debian/", "its path is not of the form mirror://debian/"),
        ("mirror://debian/pool/../x", "its path is not of the form mirror://debian/"),
        ("mirror://debian/pool//x", "its path is not of the form mirror://debian/"),
        ("mirror://debian/pool/%2E%2E/x", "its path is not of the form mirror://debian/"),
        ("mirror://debian/pool/x?y", "without \\? and #"),
        ("mirror://pypi/foo-1.whl", "its path is not of the form mirror://pypi/<project>/<file>"),
        ("mirror://pypi/a/b/foo-1.whl", "is not of the form mirror://pypi/<project>/<file>"),
        ("file:x", "its path is not absolute; write file:/absolute/path"),
        ("file://srv/x", "a file URL names no host"),
        ("file:/srv/", "its path names no file"),
    ],
)
def test_a_url_that_names_no_file_is_refused(text: str, reason: str) -> None:
    with pytest.raises(LadingError, match=reason) as raised:
        SourceUrl.parse(text)
    assert "secret" not in str(raised.value)


def test_messages_show_no_credentials() -> None:
    text = "GET https://me:secret@a.example/x?signature=secret#y failed, not http://b.example/z"
    assert redacted(text) == "GET https://a.example/x?...#y failed, not http://b.example/z"
    assert redacted("'file:/srv/a@b'") == "'file:/srv/a@b'"
    with pytest.raises(LadingError, match=r"^'https://a\.example/x' holds a user name or password"):
        SourceUrl.parse("https://me:it's@a.example/x")


@pytest.mark.parametrize(
    "url, shown",
    [
        ("https://a.example/x", "https://a.example/x"),
        ("https://a.example?signature=secret", "https://a.example?..."),
        ("https://a.example/x?name=UTF-8''y&signature=secret", "https://a.example/x?..."),
        ("https://a.example/it's?signature=secret#y", "https://a.example/it's?..."),
        ("https://a.example/x y?signature=secret", "https://a.example/x y?..."),
        ("HTTPS://me:it's secret@a.example/@x", "HTTPS://a.example/@x"),
        ("file:/srv//a@b", "file:/srv//a@b"),
    ],
)
def test_of_a_url_no_credentials_are_shown_whatever_is_in_it(url: str, shown: str) -> None:
    assert printable_url(url) == shown


@pytest.mark.parametrize("mark", ["/", "?", "#", "'", '"', "@", ":", "/a@b"])
def test_a_password_with_an_unusual_character_is_not_shown(mark: str) -> None:
    assert redacted(f"at https://me:sec{mark}ret@a.example:80/x, gone") == (
        "at https://a.example:80/x, gone"
    )
    assert printable_url(f"https://me:sec{mark}ret@a.example:80/x") == "https://a.example:80/x"


@pytest.mark.parametrize(
    "text", ["https://a.example/x@y", "http://a.example:80/x@y", "http://[::1]:80/x@y"]
)
def test_an_at_sign_of_a_path_is_shown(text: str) -> None:
    assert redacted(text) == printable_url(text) == text


@pytest.mark.parametrize("text", ["//", "//a:x", "//a?", "//:", "https://a:b/"])
def test_a_long_text_takes_little_time(text: str) -> None:
    begin = time.process_time()
    redacted(text * 30_000)
    printable_url(text * 30_000)
    assert time.process_time() - begin < 5
