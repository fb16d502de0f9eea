"""The same bytes whoever builds, and wherever."""

from dataclasses import replace
from pathlib import Path

from conftest import require
from repository import Repository

#: What takes other owners than oneself, and what umask and user could have a part in.
OWNERS = """
docker_image(
    name="image",
    run_as_root=\"\"\"
        mkdir /srv /srv/inner
        umask > /srv/umask
        id > /srv/id
        ln /srv/id /srv/inner/id
        chown -R 65534:12345 /srv/inner
        chmod 4751 /srv/umask
        chmod 2770 /srv
    \"\"\",
    run_as_root_tools=["//3rdparty/bash", "//3rdparty/coreutils"],
)
"""

_WITHOUT_SUBORDINATE_IDS = (
    *("unshare", "--mount", "sh", "-c", 'mount --bind /dev/null /etc/subuid; exec "$@"', "sh"),
)


def test_another_user_directory_umask_locale_and_time_zone(
    images: Path, elsewhere: Repository
) -> None:
    theirs = elsewhere.root / "dist/images"
    # First the description, whose differences tell more: it has the store paths.
    assert (theirs / "redis.json").read_text() == (images / "redis.json").read_text()
    assert (theirs / "redis.tar").read_bytes() == (images / "redis.tar").read_bytes()


def test_commands_run_as_root_by_root_and_by_another_user(
    repository: Repository, elsewhere: Repository
) -> None:
    archives = []
    for one in (repository, elsewhere):
        with one.declared("owners", OWNERS) as directory:
            one.pants("package", "owners:image")
            archives.append((directory / "image.tar").read_bytes())
    assert archives[0] == archives[1]


def test_what_another_user_misses_to_run_commands_as_root_is_told(elsewhere: Repository) -> None:
    require("root", ["unshare", "--mount", "true"])
    poorer = replace(elsewhere, prefix=(*_WITHOUT_SUBORDINATE_IDS, *elsewhere.prefix))
    with elsewhere.declared("owners", OWNERS.replace("/srv", "/var/srv")):
        error = poorer.failing_pants("--no-pantsd", "package", "owners:image")
    assert "`docker_image` owners:image: `run_as_root`: commands in an image need " in error
    assert "subordinate ids, and /etc/subuid has no ids for the user lading-test-" in error
    assert "run `usermod --add-subuids " in error
    assert "Without any such right, `users`, `groups`, `directories`, " in error
