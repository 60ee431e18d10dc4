"""Every storage error: a code, a sentence, and whether a retry may help.

`retry` decides what becomes of an event: True has it delivered again, False ends it. `detail` is public: it may hold
an address, never a library's text, an endpoint or a path.
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


# --- a retry does not help -----------------------------------------------------------------------------------------


class BadAddressError(StorageError):
    """An address is malformed, or no object can be there."""

    status, code, title = 400, "bad_address", "The address is invalid"


class OccupiedError(BadAddressError):
    """Something that is no object has this name: a folder, a link. Someone may remove it."""


class NotAllowedError(StorageError):
    """The operator's lists do not allow reading or writing this address."""

    status, code, title = 403, "not_allowed", "This address is not allowed"


class NotPublicError(NotAllowedError):
    """A host's name resolves to an address that is not on the public web."""

    code, title = "not_public", "This host is not on the public web"


class ReadOnlyError(StorageError):
    """The web cannot be written to."""

    status, code, title = 400, "read_only", "This can only be read"


class BadRedirectError(StorageError):
    """There are too many redirects, or one leads to a URL that is not fetched."""

    code, title = "bad_redirect", "The redirect cannot be followed"


class UnknownSchemeError(BadAddressError):
    """No store serves this scheme."""

    code, title = "unknown_scheme", "There is no such scheme"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        guess = nearest(name, known)
        hint = f' Did you mean "{guess}://"?' if guess else ""
        super().__init__(f'There is no scheme "{name[:32]}".{hint} The schemes are {", ".join(known)}.', got=name)


class BadMetadataError(StorageError):
    """Metadata that not every store can keep: see `ObjectMetadata.check`."""

    status, code, title = 400, "bad_metadata", "The metadata cannot be stored"


class NoObjectError(StorageError):
    """There is no object at this address."""

    status, code, title = 404, "no_object", "There is no such object"


class NoBucketError(StorageError):
    """There is no bucket of this name."""

    status, code, title = 404, "no_bucket", "There is no such bucket"


class ChangedError(StorageError):
    """The object is not the expected version: a compare-and-swap must read it again and start over."""

    status, code, title = 412, "object_changed", "The object has changed"


class DeniedError(StorageError):
    """The store denies access."""

    code, title = "storage_denied", "The storage denied access"


class RefusedTargetError(StorageError):
    """This endpoint ignores preconditions, so nothing is written to it."""

    status, code, title = 503, "target_refused", "The storage cannot be written to safely"


class NoSdkError(StorageError):
    """The library for this scheme is not installed."""

    status, code, title = 503, "sdk_missing", "The library for this storage is not installed"


class CannotSignError(StorageError):
    """This store, or its credentials, cannot sign such a URL."""

    status, code, title = 501, "cannot_sign", "This cannot be signed"


class TokenError(StorageError):
    """A token is not genuine, or has expired."""

    status, code, title = 403, "bad_token", "The token is not valid"


# --- a retry may help ----------------------------------------------------------------------------------------------


class TransientError(StorageError):
    """A transient error."""

    retry = True


class BusyError(TransientError):
    """The store asks us to slow down (429, 503)."""

    status, code, title = 503, "storage_busy", "The storage is busy"


class UnreachableError(TransientError):
    """The connection failed: refused, reset, or cut before the response was complete."""

    code, title = "storage_unreachable", "The storage cannot be reached"


class FaultError(TransientError):
    """The store answered with an internal error (5xx)."""

    code, title = "storage_fault", "The storage had an internal error"


class ChecksumError(TransientError):
    """The bytes do not match the store's checksum."""

    code, title = "checksum_mismatch", "The bytes do not match their checksum"


class SlowError(TransientError):
    """The deadline passed before the store answered."""

    status, code, title = 504, "storage_slow", "The storage took too long"


class UnsureError(TransientError):
    """The deadline passed before it was known whether a write took effect."""

    status, code, title = 504, "write_unsure", "It is not known whether the write took effect"


class FullError(TransientError):
    """No space is left."""

    status, code, title = 507, "storage_full", "The storage is full"
