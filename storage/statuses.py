"""From a store's HTTP status to our error: the same table for both clouds."""

from collections.abc import Mapping

from storage.address import Address
from storage.errors import (
    BusyError,
    ChangedError,
    DeniedError,
    FaultError,
    NoObjectError,
    StorageError,
)

MARK = "darkroom-token"
"""Name of the metadata that marks which write made a version."""


def error_of(status: int, address: Address, headers: Mapping[str, str] | None = None) -> StorageError:
    """The error of a status. A 409 means concurrent calls on one object, which are retried."""
    match status:
        case 404:
            return NoObjectError(f'There is no object "{address}".')
        case 304 | 412:
            return ChangedError(f'"{address}" is a different version.')
        case 401 | 403:
            return DeniedError(f'The storage denies access to "{address}".')
        case 408 | 409 | 429 | 503:
            return BusyError(f'The storage is busy and did not serve "{address}".', after=_after(headers or {}))
        case _ if status >= 500:
            return FaultError(f'The storage had an internal error at "{address}".')
        case _:
            return StorageError(f'The storage refused a request for "{address}".')


def _after(headers: Mapping[str, str]) -> float:
    """Seconds of `Retry-After`; a date in it is ignored."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(float(text), 60.0) if text.isdecimal() else 0.0
