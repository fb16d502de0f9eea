"""Pages that list the files of a Python project: the simple API (PEP 503 in HTML, PEP 691 in
JSON), and pages of links.
"""

import json
import posixpath
import re
from html.parser import HTMLParser
from typing import List, Optional, Tuple
from urllib.parse import unquote, urljoin, urlsplit

from lading.fetch.client import Page

#: What to ask an index for.
ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5, */*;q=0.1"


def project_url(index_url: str, project: str) -> str:
    """The page of a project, whose name is normalised (PEP 503, "Normalized Names")."""
    return f"{index_url.rstrip('/')}/{re.sub(r'[-_.]+', '-', project).lower()}/"


def file_url(page: Page, file_name: str) -> Optional[str]:
    """The absolute URL of the file of exactly this name; None if the page does not list it."""
    is_json = page.content_type.partition(";")[0].strip().endswith("json")
    for name, url in _json_links(page) if is_json else _html_links(page):
        if name == file_name:
            return _with_credentials(url, page.url)
    return None


def _json_links(page: Page) -> List[Tuple[str, str]]:
    try:
        files = json.loads(page.text)["files"]
        return [(file["filename"], urljoin(page.url, file["url"])) for file in files]
    except (ValueError, KeyError, TypeError):
        return []  # nothing that can be taken from here; the next index may be better


def _html_links(page: Page) -> List[Tuple[str, str]]:
    parser = _Anchors()
    parser.feed(page.text)
    base = urljoin(page.url, parser.base)
    urls = [urljoin(base, href.strip()) for href in parser.hrefs]
    return [(posixpath.basename(unquote(urlsplit(url).path)), url) for url in urls]


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.hrefs: List[str] = []

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        href = dict(attrs).get("href")
        if href and tag == "base":
            self.base = self.base or href
        elif href and tag == "a":
            self.hrefs.append(href)


def _with_credentials(url: str, page_url: str) -> str:
    """`url` with the user name and password of `page_url`, if both are on one server."""
    parts, page = urlsplit(url), urlsplit(page_url)
    _, at, host = page.netloc.rpartition("@")
    if not at or (parts.scheme, parts.netloc) != (page.scheme, host):
        return url
    return parts._replace(netloc=page.netloc).geturl()
