"""What a registry says when it refuses (OCI distribution-spec, Error Codes)."""

import json
from contextlib import suppress
from typing import Any, Optional, Union

import requests
import urllib3

from lading.fetch.client import status_line, transient_fault
from lading.network.body import at_once
from lading.network.faults import GoneError, TransientError, UnavailableError
from lading.values.foreign_text import printable, shown

_LARGEST_ERROR = 1 << 16

#: Digits. Reading more takes a time that grows with the square of their number.
_LONGEST_INTEGER = 18


class DeniedError(UnavailableError):
    """The registry does not give it to who asks, or to nobody at all."""


def refusal(response: requests.Response, who: str = "") -> UnavailableError:
    """The fault for a final status, with what the body says of it. `who` answered, where it is
    not the registry itself.
    """
    status = response.status_code
    body: Any = None
    with suppress(urllib3.exceptions.HTTPError, OSError, UnavailableError, TransientError):
        body = read_json(response, _LARGEST_ERROR)
    reason = f"{who}{status_line(response)}{_explanation(body)}"
    if status in (401, 403):
        return DeniedError(reason, status)
    if status in (404, 410):
        return GoneError(reason, status)
    return UnavailableError(reason, status)


def explained(response: requests.Response) -> TransientError:
    """The fault for a status that may be over at the next try, with what the body says of it."""
    fault = transient_fault(response)
    return TransientError(refusal(response).reason, fault.delay, fault.status)


def read_json(response: requests.Response, limit: int) -> Any:
    """The body, of which no more than `limit` bytes are read; None if it is not JSON."""
    try:
        return json.loads(at_once(response, limit), parse_int=_number)
    except (ValueError, RecursionError):
        return None


def _number(text: str) -> Union[int, float]:
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


def _explanation(body: Any) -> str:
    """Such as ": DENIED, requested access to the resource is denied"."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ""
    told = ", ".join(filter(None, (_text(first.get("code")), _text(first.get("message")))))
    return f": {told}" if told else ""


def _text(value: Optional[Any]) -> str:
    """One line of a stranger's text, shortened."""
    return printable(shown(" ".join(value.split()))) if isinstance(value, str) else ""
