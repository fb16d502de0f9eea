import json
from typing import Any, List

import pytest

from lading.checks.config_check import Comparison, ConfigCheck, parse_config
from lading.checks.go_syntax.pattern import Pattern
from lading.checks.image_testing import ACCOUNTS
from lading.image.config.runtime_config import RuntimeConfig
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json

CONFIG = RuntimeConfig.from_json(
    json.dumps(
        {
            "config": {
                "Entrypoint": ["/entry"],
                "Cmd": ["redis-server"],
                "Env": ["LANG=C.UTF-8", "PATH=/bin", "ODD"],
                "Labels": {"a.b": "1.2"},
                "ExposedPorts": {"6379/tcp": {}, "53/udp": {}},
                "Volumes": {"/data": {}},
                "WorkingDir": "/data",
                "User": "999:998",
                "StopSignal": "SIGINT",
            }
        }
    )
)
NOTHING = RuntimeConfig.from_json('{"config": null}')


def failures(value: Any, config: RuntimeConfig = CONFIG) -> List[str]:
    checks = parse_config(value)
    assert [from_json(ConfigCheck, to_json(check)) for check in checks] == list(checks)
    outcomes = [check.judge(config, ACCOUNTS) for check in checks]
    return [f"{one.name}: {text}" for one in outcomes for text in one.failures]


def test_what_is_right() -> None:
    value = {
        "entrypoint": ["/entry"],
        "cmd": ["redis-server"],
        "env": {"LANG": "C.UTF-8", "ODD": "", "DEBUG": None},
        "labels": {"a.b": "1.2", "c": None},
        "exposed_ports": ["6379", "53/udp"],
        "volumes": ["/data"],
        "working_dir": "/data",
        "user": "redis",
        "stop_signal": "SIGINT",
    }
    assert failures(value) == []
    assert failures({"user": "999:998"}) == []


def test_what_says_nothing_is_empty() -> None:
    value = {"cmd": [], "entrypoint": [], "user": "", "env": {"A": None}, "volumes": []}
    assert failures(value, NOTHING) == []


def test_what_is_wrong() -> None:
    value = {
        "entrypoint": [],
        "cmd": ["redis-server", "x"],
        "env": {"LANG": "C", "NO": "1", "PATH": None},
        "exposed_ports": ["6379"],
        "user": "mysql",
        "working_dir": "/",
    }
    assert failures(value) == [
        'config entrypoint: expected []\nactual   ["/entry"]',
        'config cmd: expected ["redis-server", "x"]\nactual   ["redis-server"]',
        'config env LANG: value: expected "C", actual "C.UTF-8"',
        'config env NO: value: expected "1", actual nothing',
        'config env PATH: value: expected nothing, actual "/bin"',
        'config exposed_ports: expected ["6379/tcp"]\nactual   ["53/udp", "6379/tcp"]',
        'config user: expected "mysql"\nactual   "999:998"',
        'config working_dir: expected "/"\nactual   "/data"',
    ]


@pytest.mark.parametrize(
    "check, expected",
    [
        (ConfigCheck("exposed_ports", "", Comparison.HAS, "6379"), ()),
        (ConfigCheck("exposed_ports", "", Comparison.HAS, "6379/tcp"), ()),
        (
            ConfigCheck("exposed_ports", "", Comparison.HAS, "80"),
            ('must have 80, but is ["53/udp", "6379/tcp"]',),
        ),
        (
            ConfigCheck("exposed_ports", "", Comparison.LACKS, "53"),
            ('must not have 53, but is ["53/udp", "6379/tcp"]',),
        ),
        (ConfigCheck("volumes", "", Comparison.LACKS, "/x"), ()),
        (
            ConfigCheck("volumes", "", Comparison.LACKS, "/data"),
            ('must not have /data, but is ["/data"]',),
        ),
        (ConfigCheck("labels", "a.b", Comparison.MATCHES, Pattern.parse_go("", r"^\d\.\d$")), ()),
        (
            ConfigCheck("labels", "a.b", Comparison.MATCHES, Pattern.parse_go("", "x+")),
            ('value: expected a match of x+, actual "1.2"',),
        ),
        (
            ConfigCheck("env", "NO", Comparison.MATCHES, Pattern.parse_go("", "")),
            ("value: expected a match of , actual nothing",),
        ),
    ],
)
def test_what_container_structure_test_asks(check: ConfigCheck, expected: Any) -> None:
    assert from_json(ConfigCheck, to_json(check)) == check
    assert check.judge(CONFIG, ACCOUNTS).failures == expected


@pytest.mark.parametrize(
    "value, sentence",
    [
        ([], "`config` has [], which is not a dictionary. Write one such as"),
        ({"Cmd": []}, "`config` has the unknown key 'Cmd'. Did you mean 'cmd'?"),
        ({"cmd": "x"}, "`config` has the cmd 'x', which is not a list of strings."),
        ({"env": ["A=1"]}, "`config` has ['A=1'] for env. Write a dictionary such as"),
        (
            {"env": {"A": 1}},
            "`config` has 'A': 1 for env. Write strings, or None for an entry that must",
        ),
        ({"user": 999}, "`config` has the user 999. Write a string."),
        ({"user": "a b"}, "`user` is 'a b'. Write a name or an id"),
        ({"exposed_ports": ["x"]}, "`exposed_ports` has 'x', but a number from 1 to 65535"),
    ],
)
def test_what_can_not_be(value: Any, sentence: str) -> None:
    with pytest.raises(LadingError) as raised:
        parse_config(value)
    assert sentence in str(raised.value)
