"""Twenty changes of the images of this repository, in an order such as they come in."""

from dataclasses import dataclass
from typing import Sequence

_IMAGES, _DEBIAN, _SERVICES = "images/BUILD", "images/debian/BUILD", "images/services/BUILD"
_REDIS, _GLIBC = "3rdparty/redis/BUILD", "3rdparty/glibc/BUILD"
_BASH, _COREUTILS = "3rdparty/bash/BUILD", "3rdparty/coreutils/BUILD"
_PYTHON, _GUESTBOOK, _CENSUS = (
    "3rdparty/cpython/BUILD",
    "examples/guestbook/server.py",
    "examples/census/count.py",
)


@dataclass(frozen=True)
class Change:
    """`old`, which the file has once when all changes before have been made, becomes `new`."""

    name: str
    file: str
    old: str
    new: str


#: Debian's packages can't get other versions, since the lock has one of each; what changes in a
#: security update is here a line in the script of a store package.
CHANGES: Sequence[Change] = (
    Change("a line of redis' entrypoint", _IMAGES, "        set -e\n", "        set -eu\n"),
    Change("a text of the guest book", _GUESTBOOK, "Welcome to the", "Welcome to our"),
    Change("nginx.conf", "images/debian/nginx.conf", "sendfile on", "sendfile off"),
    Change("a page", "images/debian/pages/index.html", "in a directory", "in one directory"),
    Change(
        "a label",
        _IMAGES,
        '    image_tags=["7.0.15-musl"],\n',
        '    image_tags=["7.0.15-musl"],\n    labels={"team": "caches"},\n',
    ),
    Change(
        "redis is built without a tool",
        _REDIS,
        'rm $out/bin/redis-benchmark\n    """,\n',
        'rm $out/bin/redis-benchmark $out/bin/redis-check-aof\n    """,\n',
    ),
    Change("how census counts", _CENSUS, "letters each", "letters on average"),
    Change(
        "another version of redis",
        _IMAGES,
        '"redis-2.8", "//3rdparty/redis:redis-2.8"',
        '"redis-2.8", "//3rdparty/redis:redis-3.0"',
    ),
    Change("how postgres starts", "images/debian/start-postgres.sh", "set -e\n", "set -eu\n"),
    Change("bash", _BASH, "ln -s bash $out/bin/sh", "ln $out/bin/bash $out/bin/sh"),
    Change(
        "variables of the services",
        _SERVICES,
        '    user="service",\n',
        '    user="service",\n    env={"TZ": "UTC"},\n',
    ),
    Change("the guest book's table", _GUESTBOOK, "name text NOT NULL", "name text"),
    Change(
        "certificates in one more image",
        _IMAGES,
        '    image_tags=["7.0.15-server"],\n    contents=["//3rdparty/redis"]',
        '    image_tags=["7.0.15-server"],\n'
        '    contents=["//3rdparty/redis", "//3rdparty/ca-certificates"]',
    ),
    Change("glibc", _GLIBC, "cp -P ld-linux-*.so.* libanl.so.* ", "cp -P ld-linux-*.so.* "),
    Change("one more Debian package in nginx", _DEBIAN, '"!libnginx-mod-http-echo", ', ""),
    Change("CPython without a module", _PYTHON, "test turtle.py", "test this.py turtle.py"),
    Change(
        "one more user",
        _IMAGES,
        '    contents=["//3rdparty/redis"],\n    users={',
        '    contents=["//3rdparty/redis"],\n    users={"web": 33, ',
    ),
    Change("the entrypoint's tools", _COREUTILS, "cp bin/chgrp bin/chown", "cp bin/chown"),
    Change("census again", _CENSUS, "no guests", "nobody"),
    Change("redis again", _REDIS, "$out/bin/redis-check-aof", "$out/bin/redis-check-*"),
)
