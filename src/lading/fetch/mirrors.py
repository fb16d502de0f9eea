"""The places for a URL on this machine, best first."""

import os
from dataclasses import dataclass
from typing import Iterator, Union
from urllib.parse import quote

from lading.fetch.client import Client, check_scheme
from lading.fetch.debian_mirrors import debian_base_urls
from lading.fetch.pinned_file import PinnedFile
from lading.fetch.pip_configuration import PipIndexes, pip_indexes
from lading.fetch.simple_index import ACCEPT, file_url, project_url
from lading.network.faults import GoneError
from lading.network.source_url import SourceUrl
from lading.network.zone import Zone
from lading.runtime.machine import Machine


@dataclass(frozen=True)
class Located:
    """`zone` is the innermost network zone that the server of `url` may be in: servers choose their
    links."""

    url: str
    zone: Zone = Zone.MACHINE


@dataclass(frozen=True)
class DirectPlace:
    """The file is at `url`."""

    url: str

    def locate(self, client: Client) -> Located:
        return Located(self.url)


@dataclass(frozen=True)
class ListedPlace:
    """The page at `url` links to the file."""

    url: str
    file_name: str

    def locate(self, client: Client) -> Located:
        """The URL of the file itself. Raises UnavailableError if no page lists it."""
        page = client.page(self.url, ACCEPT)
        found = file_url(page, self.file_name)
        if found is None:
            raise GoneError(f"it does not list {self.file_name}")
        if not page.url.startswith("file:"):
            check_scheme(found)
        return Located(found, page.zone)


Place = Union[DirectPlace, ListedPlace]


def places(file: PinnedFile, machine: Machine) -> Iterator[Place]:
    """The places that may have `file`, in the order in which to try them. Empty if no index is
    configured."""
    for url in file.urls:
        if url.scheme != "mirror":
            yield DirectPlace(url.text)
        elif url.host == "debian":
            for base in debian_base_urls(machine, timestamp=file.snapshot):
                yield DirectPlace(f"{base}/{quote(url.path)}")
        else:
            yield from _python_places(url, machine)


def _python_places(url: SourceUrl, machine: Machine) -> Iterator[Place]:
    project, file_name = url.path.split("/")
    configured = PipIndexes(machine.python_indexes, machine.python_find_links)
    if not configured.indexes and not configured.find_links:
        configured = pip_indexes()
    for links in configured.find_links:
        path = links[len("file://") :] if links.startswith("file://") else links
        if os.path.isdir(path):
            yield DirectPlace("file://" + quote(os.path.join(os.path.abspath(path), file_name)))
        else:
            yield ListedPlace(links if "://" in links else "file://" + quote(path), file_name)
    for index in configured.indexes:
        yield ListedPlace(project_url(index, project), file_name)
