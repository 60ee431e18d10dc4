"""Every error of storage: a code, a sentence, and whether to try again may help.

`retry` is what an event door reads: True hands the work back, False ends it. `detail` is public, so it holds an
address at most, never a library's text, an endpoint or a path.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from core.errors import DarkroomError, nearest


class StorageError(DarkroomError):
    """Something about an object or its store. `after` is the pause that the store asked for, seconds."""

    status, code, title = 502, "storage_failed", "The storage failed"
    retry: ClassVar[bool] = False

    def __init__(self, detail: str, *, after: float = 0.0, **fields: Any) -> None:
        super().__init__(detail, **fields)
        self.after = after


# --- to try again does not help ------------------------------------------------------------------------------------


class BadAddressError(StorageError):
    """An address is written wrongly, or leads where no object can be."""

    status, code, title = 400, "bad_address", "The address is wrong"


class NotAllowedError(StorageError):
    """The operator's lists do not let anybody read from, or write to, this address."""

    status, code, title = 403, "not_allowed", "This address is not allowed"


class NotPublicError(NotAllowedError):
    """A host's name leads to an address that is not on the public web."""

    code, title = "not_public", "This host is not on the public web"


class ReadOnlyError(StorageError):
    """The web is only read."""

    status, code, title = 400, "read_only", "This can only be read"


class BadRedirectError(StorageError):
    """A server sends us from place to place, or where nothing is fetched from."""

    code, title = "bad_redirect", "A redirect leads nowhere"


class UnknownSchemeError(BadAddressError):
    """No store serves this scheme."""

    code, title = "unknown_scheme", "There is no such scheme"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        guess = nearest(name, known)
        hint = f" Did you mean «{guess}://»?" if guess else ""
        super().__init__(f"There is no scheme «{name[:32]}».{hint} There are {', '.join(known)}.", got=name)


class BadMetadataError(StorageError):
    """Metadata that not every store could keep: see `objects.check_about`."""

    status, code, title = 400, "bad_metadata", "The metadata cannot be stored"


class NoObjectError(StorageError):
    """There is no object at this address."""

    status, code, title = 404, "no_object", "There is no such object"


class NoBucketError(StorageError):
    """There is no bucket of this name."""

    status, code, title = 404, "no_bucket", "There is no such bucket"


class ChangedError(StorageError):
    """The object is not the version that was asked for: whoever compared and swaps must look again and begin anew."""

    status, code, title = 412, "object_changed", "The object has changed"


class DeniedError(StorageError):
    """The store does not let us."""

    code, title = "storage_denied", "The storage refuses us"


class RefusedTargetError(StorageError):
    """This endpoint ignores preconditions, so nothing is written to it."""

    status, code, title = 503, "target_refused", "The storage cannot be written to safely"


class NoSdkError(StorageError):
    """The library for this scheme is not installed."""

    status, code, title = 503, "sdk_missing", "The library for this storage is not installed"


class CannotSignError(StorageError):
    """This store, or its credentials, cannot sign such an address."""

    status, code, title = 501, "cannot_sign", "This cannot be signed"


class TokenError(StorageError):
    """A token of ours is not genuine, or its time is over."""

    status, code, title = 403, "bad_token", "The token is not valid"


# --- to try again may help -----------------------------------------------------------------------------------------


class PassingError(StorageError):
    """What may be gone the next time."""

    retry = True


class BusyError(PassingError):
    """The store asks for patience (429, 503)."""

    status, code, title = 503, "storage_busy", "The storage is busy"


class UnreachableError(PassingError):
    """The connection failed: refused, reset, or cut before the answer was whole."""

    code, title = "storage_unreachable", "The storage cannot be reached"


class FaultError(PassingError):
    """The store answered with an error of its own (5xx)."""

    code, title = "storage_fault", "The storage had an error"


class ChecksumError(PassingError):
    """The bytes are not those that the store's checksum describes."""

    code, title = "checksum_mismatch", "The bytes do not fit their checksum"


class SlowError(PassingError):
    """The time was over before the store had answered."""

    status, code, title = 504, "storage_slow", "The storage took too long"


class UnsureError(PassingError):
    """The time was over before it was known whether a write took effect."""

    status, code, title = 504, "write_unsure", "It is not known whether the write took effect"


class FullError(PassingError):
    """No space is left."""

    status, code, title = 507, "storage_full", "The storage is full"
