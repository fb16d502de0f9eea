"""What the tests of Nix's dockerTools show, on images of ours (docs/dockertools-tests.md)."""

import shutil
from pathlib import Path
from typing import Iterator

import pytest
from conftest import ContainerEngine
from loaded_image import Loader
from repository import Repository

BUILD = """
def image(name, **fields):
    docker_image(name=name, repository="lading-dockertools/" + name, **fields)


docker_image(
    name="bash",
    repository="registry.example.com/lading/bash",
    image_tags=["5.2", "newest"],
    contents=["//3rdparty/bash"],
)

image("static", image_tags=[], contents=["//3rdparty/gosu"])

# Three on top of each other

image(
    "first",
    contents=["//3rdparty/busybox"],
    files={"/one": "1", "/two": "1", "/three": "1"},
    env={"PATH": "/bin", "LAST": "first"},
)

image(
    "second",
    base=":first",
    files={"/two": "2", "/three": "2"},
    env={"LAST": "second", "MIDDLE": "second"},
    run_as_root="cat /one /two /three > /seen",
)

image(
    "third",
    base=":second",
    files={"/three": "3"},
    env={"LAST": "third"},
    run_as_root=\"\"\"
        cat /one /two /three >> /seen
        chown 12345:12345 /seen
        ln -s {//3rdparty/bash}/bin/bash /shell
    \"\"\",
)

# Files

file(name="notes", source="notes.txt")

image(
    "files",
    contents=["//3rdparty/busybox", "//3rdparty/ca-certificates"],
    users={"redis": {"uid": 999, "home": "/data"}},
    user="redis",
    directories={"/data": "0755 redis:redis"},
    files={"/etc/motd": "hello\\n", "/srv/notes": {"source": ":notes"}},
    env={"PATH": "/bin"},
)

# A base with a merged /usr

image("merged-usr", directories={"/usr/bin": "0755"}, symlinks={"/bin": "usr/bin"})

image(
    "on-merged-usr",
    base=":merged-usr",
    contents=["//3rdparty/busybox"],
    env={"PATH": "/bin"},
)

# A service

image(
    "server",
    contents=["//3rdparty/busybox"],
    run_as_root=\"\"\"
        mkdir -m 700 /srv
        echo served > /srv/index.html
        chown -R 1000:1000 /srv
    \"\"\",
    user="1000:1000",
    entrypoint=["/bin/httpd", "-f", "-h", "/srv", "-p"],
    cmd=["8080"],
    env={"PATH": "/bin"},
)
"""

CERTIFICATES = (
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
)


@pytest.fixture(scope="module")
def packaged(repository: Repository) -> Iterator[Path]:
    """The directory in dist/ with all images of `BUILD`."""
    directory = repository.root / "dockertools"
    directory.mkdir()
    (directory / "BUILD").write_text(BUILD)
    (directory / "notes.txt").write_text("a file of the repository\n")
    try:
        repository.pants("package", "dockertools:")
        yield repository.root / "dist/dockertools"
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def load(packaged: Path, docker: ContainerEngine) -> Iterator[Loader]:
    loader = Loader(docker, packaged)
    yield loader
    loader.remove()


def test_all_tags_are_loaded_with_the_registry_s_name(load: Loader) -> None:
    bash = load("bash")
    tags = ["registry.example.com/lading/bash:5.2", "registry.example.com/lading/bash:newest"]
    assert bash.printed.splitlines() == [f"Loaded image: {tag}" for tag in tags]
    assert bash.inspect(".RepoTags") == tags


def test_moby_45416_without_a_tag_the_id_is_printed(load: Loader) -> None:
    assert load("static").printed == f"Loaded image ID: sha256:{load('static').id}\n"


@pytest.mark.parametrize("name", ["bash", "third"])
def test_created_is_one_second_after_the_epoch(name: str, load: Loader) -> None:
    assert load(name).inspect(".Created") == "1970-01-01T00:00:01Z"


def test_bash_runs_and_links_are_links(load: Loader) -> None:
    commands = "for file in /bin/bash /bin/sh; do [[ -L $file ]] && $file -c 'echo $0'; done"
    assert load("bash").run("/bin/bash", "-c", commands) == ["/bin/bash", "/bin/sh"]


def test_nixpkgs_38835_a_user_without_rights_can_start_a_program(load: Loader) -> None:
    directories = load("third").run("stat", "-c", "%a %n", "/", "/store", "/bin", user="1234:1234")
    assert directories == ["755 /", "755 /store", "755 /bin"]


def test_a_static_program_needs_no_other_package(load: Loader) -> None:
    assert load("static").packages == ["gosu-1.14"]
    assert load("static").run("/bin/gosu", "--version")[0].startswith("1.14")


def test_of_three_images_the_last_one_wins(load: Loader) -> None:
    assert load("third").run("cat", "/one", "/two", "/three") == ["123"]


def test_commands_see_the_layers_in_their_order(load: Loader) -> None:
    assert load("second").run("cat", "/seen") == ["122"]
    assert load("third").run("cat", "/seen") == ["122123"]


def test_env_of_the_base_is_inherited_and_the_own_value_wins(load: Loader) -> None:
    assert load("third").inspect(".Config.Env") == ["LAST=third", "MIDDLE=second", "PATH=/bin"]


def test_nixpkgs_116749_an_owner_set_by_commands_persists(load: Loader) -> None:
    assert load("third").run("stat", "-c", "%u:%g", "/seen") == ["12345:12345"]


def test_what_only_a_file_made_by_commands_refers_to_is_there(load: Loader) -> None:
    assert not any(package.startswith("bash-") for package in load("second").packages)
    assert load("third").run("/shell", "-c", "echo ran") == ["ran"]


def test_files_of_the_build_file_and_of_the_repository(load: Loader) -> None:
    shown = load("files").run("cat", "/etc/motd", "/srv/notes")
    assert shown == ["hello", "a file of the repository"]


def test_apko_2323_users_are_looked_up(load: Loader) -> None:
    assert load("files").run("id") == ["uid=999(redis) gid=999(redis) groups=999(redis)"]


def test_distroless_155_certificates_can_be_read_at_three_paths(load: Loader) -> None:
    counts = load("files").run("grep", "-c", "BEGIN CERTIFICATE", *CERTIFICATES)
    assert [count.partition(":")[0] for count in counts] == list(CERTIFICATES)
    (number,) = {int(count.partition(":")[2]) for count in counts}
    assert number > 100


def test_nixpkgs_57073_129007_the_base_s_bin_stays_a_link(load: Loader) -> None:
    image = load("on-merged-usr")
    assert image.run("sh", "-c", "readlink /bin; ls /usr/bin | grep -x sh") == ["usr/bin", "sh"]


def test_what_commands_made_is_served(load: Loader, docker: ContainerEngine) -> None:
    container = docker("run", "--detach", "--network=none", load("server").id).strip()
    ask = "until wget -qO- http://127.0.0.1:8080/; do sleep 0.1; done"
    try:
        answer = docker("exec", container, "timeout", "30", "sh", "-c", ask)
        assert answer == "served\n", docker("logs", container)
    finally:
        docker("rm", "--force", container)
