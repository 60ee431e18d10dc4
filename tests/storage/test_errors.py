"""Errors of storage: each has a code of its own and says whether to try again may help."""

import inspect

import pytest

import core.errors
from core.errors import DarkroomError
from storage import errors
from storage.address import Address
from storage.errors import (
    BusyError,
    ChangedError,
    DeniedError,
    FaultError,
    NoObjectError,
    StorageError,
    TransientError,
    UnknownSchemeError,
)
from storage.statuses import error_of

ALL = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, StorageError)]
ADDRESS = Address("gs", "in", "a.jpg")


def test_codes_are_unique() -> None:
    others = [kind for kind in vars(core.errors).values() if inspect.isclass(kind) and issubclass(kind, DarkroomError)]
    own = [kind for kind in [*ALL, *others] if "code" in vars(kind)]  # others have that of their family
    codes = [kind.code for kind in own]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_whether_to_try_again_is_said_by_the_family(kind: type[StorageError]) -> None:
    assert kind.retry is issubclass(kind, TransientError)
    assert 400 <= kind.status < 600
    if kind.retry:
        assert kind.status >= 500


STATUSES: dict[int, type[StorageError]] = {
    400: StorageError, 401: DeniedError, 403: DeniedError, 404: NoObjectError, 408: BusyError, 409: BusyError,
    412: ChangedError, 304: ChangedError, 416: StorageError, 429: BusyError, 500: FaultError, 501: FaultError,
    502: FaultError, 503: BusyError, 504: FaultError,
}  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_statuses(status: int) -> None:
    assert type(error_of(status, ADDRESS)) is STATUSES[status]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("3600", 60), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-1", 0), ("", 0), ("1e9", 0), ("²", 0)],
)
def test_the_pause_that_a_store_asks_for(header: str, seconds: float) -> None:
    assert error_of(429, ADDRESS, {"retry-After": header}).after == seconds


def test_a_scheme_that_is_nearly_right() -> None:
    assert 'Did you mean "gs://"' in UnknownSchemeError("gcs", ["file", "gs", "memory", "s3"]).detail
