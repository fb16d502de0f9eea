import json
from typing import Optional

import pytest

from lading.fetch.client import Page
from lading.fetch.simple_index import file_url, project_url

BASE = "https://a.example/simple/foo/"


def html(text: str, url: str = BASE) -> Page:
    return Page(url, "text/html; charset=utf-8", text)


def pep691(*files: object, url: str = BASE) -> Page:
    content_type = "application/vnd.pypi.simple.v1+json"
    return Page(url, content_type, json.dumps({"files": files, "name": "foo"}))


@pytest.mark.parametrize(
    "page, expected",
    [
        (html('<a href="foo-1.whl">foo-1.whl</a>'), BASE + "foo-1.whl"),
        (html('<a href="../../f/foo-1.whl#sha256=12">x</a>'), "https://a.example/f/foo-1.whl#sha256=12"),
        (html('<A HREF=" https://b.example/foo-1.whl?a=1&amp;b=2 ">x</A>'), "https://b.example/foo-1.whl?a=1&b=2"),
        (html('<base href="//b.example/f/"><a href="foo-1.whl">'), "https://b.example/f/foo-1.whl"),
        (html('<a href="foo%2D1.whl">'), BASE + "foo%2D1.whl"),
        (html('<a href="foo-1.whl.metadata">foo-1.whl</a><a>foo-1.whl</a>'), None),
        (html("foo-1.whl"), None),
        (html('<a href="foo-1.whl">', "file:///srv/foo/"), "file:///srv/foo/foo-1.whl"),
        (pep691({"filename": "foo-1.whl", "url": "../foo-1.whl"}), "https://a.example/simple/foo-1.whl"),
        (pep691({"filename": "foo-1.whl", "url": "https://b.example/1"}), "https://b.example/1"),
        (pep691({"filename": "foo-2.whl", "url": "foo-1.whl"}), None),
        (pep691({"filename": "foo-1.whl"}), None),
        (pep691("foo-1.whl"), None),
        (Page(BASE, "application/json", "{}"), None),
        (Page(BASE, "application/json", "<html>"), None),
    ],
)  # fmt: skip
def test_finds_the_file_of_exactly_this_name(page: Page, expected: Optional[str]) -> None:
    assert file_url(page, "foo-1.whl") == expected


@pytest.mark.parametrize(
    "href, expected",
    [
        ("foo-1.whl", "https://me:secret@a.example/simple/foo/foo-1.whl"),
        ("https://a.example/foo-1.whl", "https://me:secret@a.example/foo-1.whl"),
        ("https://b.example/foo-1.whl", "https://b.example/foo-1.whl"),
        ("https://a.example:81/foo-1.whl", "https://a.example:81/foo-1.whl"),
        ("http://a.example/foo-1.whl", "http://a.example/foo-1.whl"),
    ],
)
def test_credentials_of_an_index_are_for_its_own_server(href: str, expected: str) -> None:
    page = html(f'<a href="{href}">', "https://me:secret@a.example/simple/foo/")
    assert file_url(page, "foo-1.whl") == expected


@pytest.mark.parametrize("project", ["Foo.Bar_baz", "foo--bar__baz", "foo-bar-baz"])
def test_project_names_are_normalised(project: str) -> None:
    assert project_url("https://a.example/simple", project) == (
        "https://a.example/simple/foo-bar-baz/"
    )


@pytest.mark.parametrize(
    "page",
    [
        html('<base href="http://[a"><a href="http://[b/foo-1.whl"><a href="//[">'),
        html("<a href='http://a.example:99999999/%ff%00foo'><a href='\x00'>"),
        Page(BASE, "application/json", "[" * 100_000),
        Page(BASE, "application/json", '{"files": [{"filename": 5, "url": 5}]}'),
        Page(BASE, "application/json", '{"files": [{"filename": "foo-1.whl", "url": "http://["}]}'),
        Page(BASE, "application/json", '{"files": {"a": 1}, "size": ' + "9" * 5000 + "}"),
        Page(BASE, "application/json", '["files"]'),
    ],
    ids=range(7),
)
def test_odd_pages_list_nothing(page: Page) -> None:
    assert file_url(page, "foo-1.whl") is None
