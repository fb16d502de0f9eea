"""Fields of `docker_image` that say what its root file system holds besides its contents."""

from __future__ import annotations

from typing import Any, ClassVar, Mapping, Optional

from pants.engine.addresses import Address
from pants.engine.target import Field
from pants.util.frozendict import FrozenDict

from lading.image.root.root_fields import RootFields, fill_strings
from lading.values.field_text import HELP
from lading_pants.image.fields.image_field import (
    INTERPOLATION_HELP,
    check,
    refuse,
    with_some_store_path,
)


class RootField(Field):
    """A dictionary whose keys are strings, as `RootFields.parse` knows it by the alias."""

    value: Optional[FrozenDict[str, Any]]
    default = None
    example: ClassVar[str]

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Mapping[str, Any]], address: Address
    ) -> Optional[FrozenDict[str, Any]]:
        value = super().compute_value(raw_value, address)
        if value is None:
            return None
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise refuse(
                address,
                f"`{cls.alias}` is {value!r}, which is not a dictionary with strings as keys. "
                f"Write one such as `{cls.example}`.",
            )
        check(address, lambda: RootFields.parse({cls.alias: cls.with_some_store_path(value)}))
        return FrozenDict.deep_freeze(value)

    @staticmethod
    def with_some_store_path(value: Mapping[str, Any]) -> Any:
        return fill_strings(value, with_some_store_path)


class _TextRootField(RootField):
    """A `RootField` whose values are strings too."""

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Mapping[str, Any]], address: Address
    ) -> Optional[FrozenDict[str, Any]]:
        for key, text in raw_value.items() if isinstance(raw_value, Mapping) else ():
            if not isinstance(text, str):
                raise refuse(
                    address,
                    f"`{cls.alias}` gives {key!r} the value {text!r}, which is not a string. Write "
                    f"`{cls.example}`.",
                )
        return super().compute_value(raw_value, address)


class UsersField(RootField):
    alias = "users"
    example = '{"redis": {"uid": 999, "home": "/data"}}'
    help = (
        'Users in the image, each with its uid, `{"redis": 999}`, or a dictionary of `uid`, '
        "`group` (primary group by name or id; if unset, the one with the user's name, which is "
        "made with the user's id if it is not there), `home` "
        '(`"/"` if unset; `directories` makes it), `shell` (`"/bin/sh"` if unset) and `gecos`. '
        'With any of `users` or `groups`, `{"root": 0}` as well, the image has `/etc/passwd`, '
        "`group`, `shadow`, `gshadow` and `nsswitch.conf`, with root and nobody (65534) in them, "
        "and `/root`. What `contents` or the base have in these files stays there. Ids must be "
        "given: files in volumes keep them, so they must not change by themselves."
        + INTERPOLATION_HELP
    )


class GroupsField(RootField):
    alias = "groups"
    example = '{"web": {"gid": 1000, "members": ["redis"]}}'
    help = (
        'Groups in the image, each with its gid, `{"web": 1000}`, or a dictionary of `gid` and '
        "`members`, who have the group besides their primary one. See `users`."
    )


class DirectoriesField(_TextRootField):
    alias = "directories"
    example = '{"/data": "0750 redis:redis"}'
    help = (
        "Directories to make, each with its mode in octal digits and, if you like, an owner by "
        'names or ids: `{"/data": "0750 redis:redis"}`. `/tmp` and `/var/tmp` are there with mode '
        "1777, and `/root` with mode 0700 if there are `users`, unless they are given another "
        'mode, or "none" to leave them out. Parents are made with mode 0755.'
    )


class SymlinksField(_TextRootField):
    alias = "symlinks"
    example = '{"/bin/sh": "{//3rdparty/bash}/bin/bash"}'
    help = (
        "Symbolic links by path. Programs often want `/bin/sh` and `/usr/bin/env`: "
        '`{"/bin/sh": "{//3rdparty/bash}/bin/bash", "/usr/bin/env": '
        '"{//3rdparty/coreutils}/bin/env"}`. Certificates are looked for at '
        "`/etc/ssl/certs/ca-certificates.crt`, `/etc/ssl/certs/ca-bundle.crt` and "
        "`/etc/pki/tls/certs/ca-bundle.crt`." + INTERPOLATION_HELP
    )


class FilesField(RootField):
    alias = "files"
    example = '{"/etc/motd": "Hello\\n"}'
    help = (
        "Files by path: their text, or a dictionary with either `text` or `source`, the address of "
        "a target that has one file or that `./pants package` makes one of, and, if you like, "
        '`mode` (`"0644"`; `"0755"` for programs from a `source`) and `owner` (`"root:root"`): '
        '`{"/etc/redis.conf": {"text": "port 6379\\n", "mode": "0640", "owner": '
        '"redis:redis"}, "/srv/app.pex": {"source": "//src/app"}}`. A path that ends in a slash '
        "is a directory with all files of a target, by their paths below its BUILD file; `unpack` "
        'says that they are one archive: `{"/srv/www/": {"source": "//src/site:pages", "owner": '
        '"root:www-data"}, "/opt/tool/": {"source": "//src/tool:archive", "unpack": True}}`. There '
        "programs and directories get `x` wherever `mode` has `r`. Directories are in a layer "
        "above the image's other files. Links among a target's sources stay links where they lead "
        "to another of them, and are copies of what they lead to otherwise. The time of a file's "
        "last change follows from its content, so that web servers and browsers notice a new one. "
        "In texts, but not in sources," + INTERPOLATION_HELP + HELP
    )


#: In the order in which their mistakes are told.
ROOT_FIELDS = (UsersField, GroupsField, DirectoriesField, SymlinksField, FilesField)
