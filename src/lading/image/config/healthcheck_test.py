from typing import Any, Dict

import pytest

from lading.image.config.healthcheck import Healthcheck, parse_duration
from lading.values.errors import LadingError


def test_n2c_197_rules_docker_1742_jib_4335_every_field_in_nanoseconds() -> None:
    check = Healthcheck.parse(
        {
            "test": ["CMD-SHELL", "redis-cli ping"],
            "interval": "1m30s",
            "timeout": "1.5s",
            "start_period": "1h",
            "start_interval": "500ms",
            "retries": 3,
        }
    )
    assert check.to_dict() == {
        "Test": ["CMD-SHELL", "redis-cli ping"],
        "Interval": 90_000_000_000,
        "Timeout": 1_500_000_000,
        "StartPeriod": 3_600_000_000_000,
        "StartInterval": 500_000_000,
        "Retries": 3,
    }
    assert Healthcheck.from_dict(check.to_dict()) == check


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({}, "`healthcheck` has None for `test`"),
        ({"test": "redis-cli ping"}, "Write a list that begins with `CMD`"),
        ({"test": []}, "Write a list that begins with `CMD`"),
        ({"test": ["redis-cli", "ping"]}, "Write a list that begins with `CMD`"),
        ({"test": ["CMD"]}, "Write a list that begins with `CMD`"),
        ({"test": ["CMD", 1]}, "Write a list that begins with `CMD`"),
        ({"test": ["CMD-SHELL", "a", "b"]}, "Write a list that begins with `CMD`"),
        ({"test": ["NONE", "a"]}, "Write a list that begins with `CMD`"),
        ({"test": ["NONE"], "intervall": "1s"}, "has the unknown key 'intervall'"),
        ({"test": ["NONE"], "retries": "3"}, "has '3' for `retries`"),
        ({"test": ["NONE"], "retries": True}, "has True for `retries`"),
        ({"test": ["NONE"], "retries": -1}, "has -1 for `retries`"),
        ({"test": ["NONE"], "retries": 2**31}, "has 2147483648 for `retries`"),
        ({"test": ["NONE"], "interval": "2562048h"}, "has '2562048h' for `interval`"),
        ({"test": ["NONE"], "interval": "9" * 5000 + "s"}, "for `interval`"),
        ({"test": ["CMD", ""]}, "`healthcheck` begins with an empty string"),
        ({"test": ["CMD", "a\0"]}, "no argument can hold a NUL"),
        ({"test": ["NONE"], "interval": "30"}, "has '30' for `interval`"),
    ],
)
def test_bad_health_checks(fields: Dict[str, Any], reason: str) -> None:
    with pytest.raises(LadingError) as error:
        Healthcheck.parse(fields)
    assert reason in str(error.value)


@pytest.mark.parametrize("text", [30, "", "s", "1d", "0s", "0.5ms", "-1s", "1 s"], ids=repr)
def test_bad_durations(text: Any) -> None:
    with pytest.raises(LadingError, match="at least a millisecond"):
        parse_duration("interval", text)
