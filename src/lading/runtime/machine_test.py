import json
from pathlib import Path

from lading.runtime.machine import Machine
from lading.values.json_codec import from_json, to_json

MACHINE = Machine(
    environment={"HOME": "/home/me"},
    python_indexes=("https://index.example/simple",),
    debian_mirrors=("https://debian.example",),
    registry_mirrors={"docker.io": ("https://mirror.example/hub",)},
    insecure_registries=("registry.example:5000",),
    build_root="/home/me/repo",
)


def test_a_machine_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "machine.json").write_text(to_json(MACHINE))
    assert Machine.load(str(tmp_path)) == MACHINE


def test_a_machine_that_nobody_described_is_empty(tmp_path: Path) -> None:
    assert Machine.load(str(tmp_path)) == Machine(environment={})


def test_a_description_without_registries_says_nothing_of_them() -> None:
    fields = json.loads(to_json(MACHINE))
    for name in ("registry_mirrors", "insecure_registries", "build_root"):
        del fields[name]
    machine = from_json(Machine, json.dumps(fields))
    assert (machine.registry_mirrors, machine.insecure_registries) == ({}, ())
    assert machine.build_root == ""
