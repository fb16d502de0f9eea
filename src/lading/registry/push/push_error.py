"""The error message for an image that a registry refuses."""

import re
from typing import Optional

from lading.image.reference import DEFAULT_REGISTRY, Repository
from lading.network.faults import GoneError, InsideError, UnavailableError
from lading.registry.answer import DeniedError
from lading.registry.auth.credentials import Found
from lading.registry.place import Place
from lading.registry.pull.pull_error import inside_remedy
from lading.values.digest import Sha256
from lading.values.errors import LadingError

#: OpenSSL's messages about a server that answers in plain text.
_PLAIN_TEXT = ("wrong version number", "record layer failure", "unknown protocol")

#: Messages of a registry without space, or without space for this user (Harbor says "will exceed").
_FULL = re.compile(r"quota|will exceed|insufficient storage|no space left")

#: How Harbor (412), Quay (409) and Azure (405) refuse to move a tag; others say it in words.
_FIXED_TAG_STATUSES = (405, 409, 412)
_FIXED_TAG = re.compile(
    r"immutab|overwrit|already exist|not allow updating|tag_invalid", re.IGNORECASE
)


class FixedTagError(UnavailableError):
    """A tag that must not move names another image, `digest`."""

    def __init__(self, fault: UnavailableError, digest: Sha256) -> None:
        super().__init__(fault.reason, fault.status)
        self.digest = digest


def means_fixed_tag(fault: UnavailableError) -> bool:
    """Whether this refusal means that an existing tag may not be moved."""
    return fault.status in _FIXED_TAG_STATUSES or bool(_FIXED_TAG.search(fault.reason))


def push_error(
    repository: Repository,
    what: str,
    place: Place,
    fault: UnavailableError,
    found: Optional[Found],
) -> LadingError:
    """`what` is the part of the image that was refused; `found` is the credential that was found,
    None if the registry never asked for one.
    """
    remedy = _remedy(repository, place, fault, found)
    return LadingError(
        f"{repository.canonical} could not be pushed. {place.host}, for {what}: "
        f"{fault.reason}.{remedy}"
    )


def _remedy(
    repository: Repository, place: Place, fault: UnavailableError, found: Optional[Found]
) -> str:
    reason = fault.reason.lower()
    if isinstance(fault, FixedTagError):
        return (
            f" The tag names {fault.digest} there and is not to be moved: publish under another "
            "tag, such as one with `{hash}`."
        )
    if isinstance(fault, InsideError):
        return inside_remedy(fault)
    if _FULL.search(reason):
        return " Make room there, or have the quota raised."
    if isinstance(fault, DeniedError):
        registry = "" if place.registry == DEFAULT_REGISTRY else f" {place.registry}"
        looked = f" Of credentials, {found.looked}." if found else ""
        return (
            f"{looked} If the name is right, `docker login{registry}` with an account that may "
            "push to it."
        )
    if isinstance(fault, GoneError):
        return (
            f" Check the name: some registries want {repository.api_path} to be created before "
            "anything is pushed to it."
        )
    if fault.status == 413:
        return " It, or a proxy before it, limits the size of a request: have that limit raised."
    if fault.status == 429:
        return " It limits how many requests one may send: wait, and publish again."
    if any(words in reason for words in _PLAIN_TEXT):
        return (
            f" If it has no TLS, add {place.host!r} to `[lading].insecure_registries`; then what "
            "is pushed, and your credentials, can be read and changed on the way."
        )
    if "certificate" in reason:
        return (
            " Put the certificate of its certificate authority into "
            f"/etc/docker/certs.d/{place.host}/ca.crt, or into the file that SSL_CERT_FILE names."
        )
    return ""
