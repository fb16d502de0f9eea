"""Fields of `docker_image` for the files at its root, besides its contents."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from pants.engine.addresses import Address
from pants.util.frozendict import FrozenDict
from pants.util.strutil import help_text

from lading.image.root.root_fields import RootFields, fill_strings
from lading.values.field_text import HELP
from lading_pants.image.fields.image_field import (
    INTERPOLATION_HELP,
    DictionaryField,
    refuse,
    with_some_store_path,
)


class RootField(DictionaryField):
    """Its alias is the name that `RootFields.parse` uses."""

    @classmethod
    def check_value(cls, value: Mapping[str, Any]) -> None:
        RootFields.parse({cls.alias: cls.with_some_store_path(value)})

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
    help = help_text(
        f"""
        Users in the image, each with its uid, `{{"redis": 999}}`, or with a dictionary,
        `{{"redis": {{"uid": 999, "home": "/data"}}}}`. The dictionary has these keys:

        * `uid` is required. Files in volumes keep the ids of their owners, so an id must not \
          change by itself.
        * `group` is the primary group, by name or id. Defaults to the group with the user's name, \
          which is created with the user's id if it does not exist.
        * `home` defaults to `/`. Use `directories` to create it.
        * `shell` defaults to `/bin/sh`.
        * `gecos` is the user's full name or description.

        If `users` or `groups` has any entry, the image has `/etc/passwd`, `group`, `shadow`,
        `gshadow` and `nsswitch.conf` with root and nobody (65534), and `/root`; `{{"root": 0}}`
        is enough to get them. Entries that `contents` or the base have in these files are kept.
        {INTERPOLATION_HELP}
        """
    )


class GroupsField(RootField):
    alias = "groups"
    example = '{"web": {"gid": 1000, "members": ["redis"]}}'
    help = help_text(
        """
        Groups in the image, each with its gid, `{"web": 1000}`, or with a dictionary of `gid` and
        `members`, `{"web": {"gid": 1000, "members": ["redis"]}}`. Members are in the group
        besides their primary one. See `users`.
        """
    )


class DirectoriesField(_TextRootField):
    alias = "directories"
    example = '{"/data": "0750 redis:redis"}'
    help = help_text(
        """
        Directories to create, each with its mode in octal digits and optionally an owner, by
        names or ids: `{"/data": "0750 redis:redis"}`. Parents are created with mode 0755.

        `/tmp` and `/var/tmp` always exist, with mode 1777; so does `/root`, with mode 0700, if
        there are `users`. To change that, give them another mode, or `"none"` to leave them out.
        """
    )


class SymlinksField(_TextRootField):
    alias = "symlinks"
    example = '{"/bin/sh": "{//3rdparty/bash}/bin/bash"}'
    help = help_text(
        f"""
        Symbolic links to create, each path with what it leads to. Programs often need `/bin/sh`
        and `/usr/bin/env`: `{{"/bin/sh": "{{//3rdparty/bash}}/bin/bash", "/usr/bin/env":
        "{{//3rdparty/coreutils}}/bin/env"}}`. They look for certificates at
        `/etc/ssl/certs/ca-certificates.crt`, `/etc/ssl/certs/ca-bundle.crt` or
        `/etc/pki/tls/certs/ca-bundle.crt`. {INTERPOLATION_HELP}
        """
    )


class FilesField(RootField):
    alias = "files"
    example = '{"/etc/motd": "Hello\\n"}'
    help = help_text(
        f"""
        Files to create. A path has either its text or a dictionary: `{{"/etc/motd": "Hello\\n",
        "/etc/redis.conf": {{"text": "port 6379\\n", "mode": "0640", "owner": "redis:redis"}},
        "/srv/app.pex": {{"source": "//src/app"}}}}`. The dictionary has these keys:

        * `text` or `source`. A `source` is the address of a target with one file, or of one that \
          `./pants package` turns into a file.
        * `mode` defaults to `"0644"`, or to `"0755"` if the `source` is a program.
        * `owner` defaults to `"root:root"`.
        * `unpack`: set it to `True` if the `source` is an archive to unpack.

        A path that ends in a slash is a directory. It gets all files of its `source`, at their
        paths relative to the source's BUILD file, or the files of an archive: `{{"/srv/www/":
        {{"source": "//src/site:pages", "owner": "root:www-data"}}, "/opt/tool/": {{"source":
        "//src/tool:archive", "unpack": True}}}}`. There, programs and directories get `x`
        wherever `mode` has `r`. These directories are in a layer above the image's other files.

        A link among a target's sources stays a link if it leads to another of them; otherwise it
        becomes a copy of what it leads to. Modification times are derived from the content, so
        that web servers and browsers notice a changed file. In texts, but not in sources,
        {INTERPOLATION_HELP} {HELP}
        """
    )


#: In the order in which their errors are reported.
ROOT_FIELDS = (UsersField, GroupsField, DirectoriesField, SymlinksField, FilesField)
