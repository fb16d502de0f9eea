"""Classifies network errors: those that may be gone soon, and the others."""

import http.client
import socket
from contextlib import contextmanager
from typing import Iterator, List, Optional

import requests
import urllib3

from lading.network.faults import TransientError, UnavailableError
from lading.network.source_url import redacted
from lading.values.foreign_text import shown

# How the libraries notice a malformed URL; their own errors name it.
_OF_PYTHON = (AttributeError, LookupError, TypeError)


@contextmanager
def network_faults() -> Iterator[None]:
    """Raises TransientError or UnavailableError for exceptions of `requests` and `urllib3` in the
    block."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        reason = _reason(error)
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise UnavailableError(f"its certificate is not trusted ({reason})") from error
        raise TransientError(reason) from error
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise TransientError("it did not answer in time") from error
    except requests.exceptions.ProxyError as error:
        raise TransientError(f"the proxy can't be used: {_reason(error)}") from error
    except (
        requests.exceptions.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
        urllib3.exceptions.HTTPError,
    ) as error:
        if _is_unknown_host(error):
            raise UnavailableError(_reason(error)) from error
        raise TransientError(_reason(error)) from error
    except (requests.exceptions.RequestException, http.client.HTTPException) as error:
        raise UnavailableError(_reason(error)) from error
    except (ValueError, UnicodeError) as error:
        # For unexpected content of URLs or headers, `requests` and the libraries below raise other
        # exceptions.
        raise UnavailableError(f"its answer can't be used ({_reason(error)})") from error


def _causes(error: BaseException) -> List[BaseException]:
    """`error` and its causes, outermost first."""
    seen = [error]
    while True:
        inner = _inner(seen[-1])
        if inner is None or inner in seen or isinstance(inner, _OF_PYTHON):
            return seen
        seen.append(inner)


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words: urllib3 wraps it in object addresses and whole URLs."""
    causes = _causes(error)
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            return redacted(cause.strerror)
    return shown(redacted(str(causes[-1]) or type(causes[-1]).__name__))


def _is_unknown_host(error: BaseException) -> bool:
    """Whether the resolver is certain that there is no such host, rather than unavailable."""
    return any(
        isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME
        for cause in _causes(error)
    )


def _inner(error: BaseException) -> Optional[BaseException]:
    candidates = [getattr(error, "reason", None), *reversed(error.args), error.__cause__]
    return next((one for one in candidates if isinstance(one, BaseException)), error.__context__)
