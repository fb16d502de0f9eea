"""How a runtime finds out whether a container is healthy.

This is not in the OCI image-spec; docker and podman read it from the config (moby, HealthConfig),
where times are integer nanoseconds.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Dict, Mapping, Tuple

from lading.image.config.command import check_command
from lading.values.errors import LadingError

#: First words of `test`: run a program, run a shell command, inherit nothing.
FORMS = ("CMD", "CMD-SHELL", "NONE")

_TIMES = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start_period": "StartPeriod",
    "start_interval": "StartInterval",
}
_KEYS = ("test", *_TIMES, "retries")
_NANOSECONDS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
# Fewer digits than the number that Python refuses to read.
_DURATION = re.compile(r"(?:[0-9]{1,20}(?:\.[0-9]{1,20})?(?:ms|s|m|h)){1,8}")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")

# docker and podman read times and counts into integers of these sizes.
_MAX_TIME, _MAX_RETRIES = 2**63 - 1, 2**31 - 1


@dataclass(frozen=True)
class Healthcheck:
    """`test` is the form followed by the program; `times` are nanoseconds by config key."""

    test: Tuple[str, ...]
    times: Tuple[Tuple[str, int], ...] = ()
    retries: int = 0

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "Healthcheck":
        """Parses `{"test": ["CMD", "redis-cli", "ping"], "interval": "30s", "retries": 3}`."""
        for key in fields:
            if key not in _KEYS:
                raise LadingError(
                    f"`healthcheck` has the unknown key {key!r}. The keys are {', '.join(_KEYS)}."
                )
        retries = fields.get("retries", 0)
        if (
            isinstance(retries, bool)
            or not isinstance(retries, int)
            or not (0 <= retries <= _MAX_RETRIES)
        ):
            raise LadingError(
                f"`healthcheck` has {retries!r} for `retries`. Write a number from 0 to "
                f"{_MAX_RETRIES}."
            )
        times = tuple(
            (name, parse_duration(key, fields[key]))
            for key, name in _TIMES.items()
            if key in fields
        )
        return cls(_parse_test(fields.get("test")), times, retries)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Healthcheck":
        """Reads the form that an image's config has."""
        times = tuple((name, fields[name]) for name in _TIMES.values() if name in fields)
        return cls(tuple(fields["Test"]), times, fields.get("Retries", 0))

    def to_dict(self) -> Dict[str, Any]:
        fields: Dict[str, Any] = {"Test": list(self.test), **dict(self.times)}
        if self.retries:
            fields["Retries"] = self.retries
        return fields


def parse_duration(key: str, text: Any) -> int:
    """Nanoseconds of a Go duration such as `1m30s`; docker refuses less than a millisecond."""
    if isinstance(text, str) and _DURATION.fullmatch(text):
        parts = _DURATION_PART.findall(text)
        duration = sum(Fraction(number) * _NANOSECONDS[unit] for number, unit in parts)
        if _NANOSECONDS["ms"] <= duration <= _MAX_TIME:
            return int(duration)
    raise LadingError(
        f"`healthcheck` has {text!r} for `{key}`. Write a time of at least a millisecond and less "
        "than 292 years, such as `30s`, `1m30s` or `500ms`."
    )


def _parse_test(test: Any) -> Tuple[str, ...]:
    words = tuple(test) if isinstance(test, (list, tuple)) else ()
    well_formed = (
        all(isinstance(word, str) for word in words)
        and words[:1] in [(form,) for form in FORMS]
        and (len(words) == 2 if words[0] == "CMD-SHELL" else True)
        and (len(words) > 1 if words[0] == "CMD" else True)
        and (len(words) == 1 if words[0] == "NONE" else True)
    )
    if not well_formed:
        raise LadingError(
            f"`healthcheck` has {test!r} for `test`. Write a list that begins with `CMD` and the "
            'program, `["CMD", "redis-cli", "ping"]`, or with `CMD-SHELL` and one command, or '
            '`["NONE"]`.'
        )
    check_command("healthcheck", words[1:])
    return words
