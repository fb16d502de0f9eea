from lading.checks.absence_check import AbsenceCheck
from lading.checks.absence_check_test import CLOSURE
from lading.checks.check_main import CheckRequest
from lading.checks.checks import Checks
from lading.checks.command_check import CommandCheck
from lading.checks.config_check import parse_config
from lading.checks.file_check import FileCheck
from lading.checks.license_check import LicenseCheck
from lading.checks.size_check import SizeCheck
from lading.engines.container_engine import Engine
from lading.values.json_codec import from_json, to_json

CHECKS = Checks(
    commands=(CommandCheck.parse({"run": ["a"], "stdout": "b"}),),
    files=(FileCheck.parse("/a", {"mode": "0755"}), FileCheck.parse("/b", None)),
    config=parse_config({"cmd": ["x"], "env": {"A": None}}),
    licenses=(LicenseCheck(True, ()),),
    absent=(AbsenceCheck("gcc", ""),),
    unpacked=(SizeCheck("max_size", 5),),
    compressed=(SizeCheck("max_compressed_size", 4),),
)


def test_a_request_survives_json() -> None:
    request = CheckRequest(
        name="a:b",
        checks=CHECKS,
        config="config.json",
        layers=("layers/0/blob",),
        compressed_size=5,
        closure=CLOSURE,
        engine=Engine.PODMAN,
        archive="image.tar",
        ids=("a", "b"),
        timeout=None,
    )
    assert from_json(CheckRequest, to_json(request)) == request


def test_together_they_are_all_checked() -> None:
    both = Checks.together((CHECKS, Checks(files=(FileCheck.parse("/c", None),)), CHECKS))
    assert [check.path for check in both.files] == ["/a", "/b", "/c", "/a", "/b"]
    assert both.config == (*CHECKS.config, *CHECKS.config)


def test_layers_are_read_for_a_reason_only() -> None:
    def need(**parts: object) -> bool:
        return Checks(**parts).need_layers  # type: ignore[arg-type]

    assert not need(config=parse_config({"cmd": []}), compressed=CHECKS.compressed)
    assert not need(absent=(AbsenceCheck("//a", "/store/x"),))
    assert need(absent=CHECKS.absent)
    assert need(config=parse_config({"user": "redis"}))
    assert need(commands=CHECKS.commands) and need(files=CHECKS.files)
    assert need(licenses=CHECKS.licenses) and need(unpacked=CHECKS.unpacked)
