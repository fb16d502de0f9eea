"""The extended attributes of files that layers keep (xattr(7)).

These are the ones that say what a file is or who may use it, not those that belong to one machine,
such as SELinux labels. umoci keeps the same.
"""

import errno
import os
from typing import Tuple

#: Name and value, sorted by name.
Attributes = Tuple[Tuple[str, bytes], ...]

_KEPT = ("security.capability", "system.posix_acl_access", "system.posix_acl_default")
_KEPT_PREFIX = "user."

# overlayfs with `userxattr` uses these itself.
_OVERLAY = "user.overlay."

#: Errors of file systems, or of kinds of files, without support for such attributes.
_UNSUPPORTED = (errno.ENOTSUP, errno.EPERM)


def is_kept(name: str) -> bool:
    return name in _KEPT or name.startswith(_KEPT_PREFIX) and not name.startswith(_OVERLAY)


def read_attributes(path: bytes) -> Attributes:
    """The attributes to keep, of `path` itself rather than a link's target."""
    try:
        names = sorted(filter(is_kept, os.listxattr(path, follow_symlinks=False)))
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return ()
        raise
    return tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in names)


def set_attribute(path: bytes, name: str, value: bytes) -> bool:
    """False if the file can't have it there. Raises OSError for a value that Linux does not
    accept."""
    try:
        os.setxattr(path, name, value, follow_symlinks=False)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return False
        raise
    return True


def forget_default_acl(directory: str) -> None:
    """Remove the machine's default ACL, which all new files in the directory would inherit."""
    try:
        os.removexattr(directory, "system.posix_acl_default")
    except OSError as error:
        if error.errno not in (*_UNSUPPORTED, errno.ENODATA):
            raise
