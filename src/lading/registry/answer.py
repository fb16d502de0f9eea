"""A registry's explanation when it refuses a request (OCI distribution-spec, Error Codes)."""

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

#: In digits. The time to parse a number grows with the square of its length.
_LONGEST_INTEGER = 18


class DeniedError(UnavailableError):
    """The registry does not serve it to this user, or to anybody."""


def refusal(response: requests.Response, who: str = "") -> UnavailableError:
    """The error for a final status, with the explanation in the body. `who` answered, if it was not
    the registry itself.
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
    """The error for a status that may be gone at the next try, with the explanation in the body."""
    fault = transient_fault(response)
    return TransientError(refusal(response).reason, fault.delay, fault.status)


def read_json(response: requests.Response, limit: int) -> Any:
    """The body's JSON, from at most `limit` bytes; None if it is not JSON."""
    try:
        return json.loads(at_once(response, limit), parse_int=_number)
    except (ValueError, RecursionError):
        return None


def _number(text: str) -> Union[int, float]:
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


def _explanation(body: Any) -> str:
    """For example ": DENIED, requested access to the resource is denied"."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ""
    text = ", ".join(filter(None, (_text(first.get("code")), _text(first.get("message")))))
    return f": {text}" if text else ""


def _text(value: Optional[Any]) -> str:
    """One line of untrusted text, shortened."""
    return printable(shown(" ".join(value.split()))) if isinstance(value, str) else ""
