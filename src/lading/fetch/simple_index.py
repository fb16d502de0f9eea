"""Pages that list the files of a Python project: the simple API (PEP 503 in HTML, PEP 691 in
JSON), and pages of links.
"""

import json
import posixpath
import re
from html.parser import HTMLParser
from typing import Iterator, List, Optional, Tuple
from urllib.parse import unquote, urljoin, urlsplit

from lading.fetch.client import Page

#: The most characters of a page, and pieces of text in it, that are read: Python's HTML parser
#: takes 10 seconds for a million `<`. The largest pages of links have some hundred thousand pieces.
_LONGEST_HTML = 16 << 20
_MOST_PIECES = 1_000_000

#: What to ask an index for.
ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5, */*;q=0.1"


def project_url(index_url: str, project: str) -> str:
    """The page of a project; its name is normalised (PEP 503, "Normalized Names")."""
    return f"{index_url.rstrip('/')}/{re.sub(r'[-_.]+', '-', project).lower()}/"


def file_url(page: Page, file_name: str) -> Optional[str]:
    """The absolute URL of the file with exactly this name; None if the page does not list it."""
    is_json = page.content_type.partition(";")[0].strip().endswith("json")
    for name, url in _json_links(page) if is_json else _html_links(page):
        if name == file_name:
            return _with_credentials(url, page.url)
    return None


def _json_links(page: Page) -> Iterator[Tuple[str, str]]:
    try:
        files = [(file["filename"], file["url"]) for file in json.loads(page.text)["files"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return  # nothing usable here; the next index may be better
    for name, href in files:
        url = _joined(page.url, href) if isinstance(href, str) else None
        if url is not None:
            yield name, url


def _html_links(page: Page) -> Iterator[Tuple[str, str]]:
    parser = _Anchors()
    try:
        parser.feed(page.text[:_LONGEST_HTML])
    except _TooMuch:
        return
    base = _joined(page.url, parser.base) or page.url
    for href in parser.hrefs:
        url = _joined(base, href.strip())
        if url is not None:
            yield posixpath.basename(unquote(urlsplit(url).path)), url


def _joined(base: str, href: str) -> Optional[str]:
    """None for an invalid address: such a link leads nowhere."""
    try:
        url = urljoin(base, href)
        urlsplit(url)
        return url
    except ValueError:
        return None


class _TooMuch(Exception):
    pass


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.hrefs: List[str] = []
        self._pieces = 0

    def handle_data(self, data: str) -> None:
        self._pieces += 1
        if self._pieces > _MOST_PIECES:
            raise _TooMuch

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        href = dict(attrs).get("href")
        if href and tag == "base":
            self.base = self.base or href
        elif href and tag == "a":
            self.hrefs.append(href)


def _with_credentials(url: str, page_url: str) -> str:
    """`url` with the user name and password of `page_url`, if both are on the same server."""
    parts, page = urlsplit(url), urlsplit(page_url)
    _, at, host = page.netloc.rpartition("@")
    if not at or (parts.scheme, parts.netloc) != (page.scheme, host):
        return url
    return parts._replace(netloc=page.netloc).geturl()
