"""The protocol of stores."""

from collections.abc import Iterator
from typing import ClassVar, Protocol

from core.limits import Deadline
from storage.address import Address
from storage.facts import Body, Entry, ObjectMetadata, SignedUrl, Stat, UrlGrant
from storage.reading import Reading


class Store(Protocol):
    """What each scheme does. All raise `storage.errors`; each call ends by its deadline or soon after."""

    scheme: ClassVar[str]

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        """An object's Stat (one metadata call; none where `at` is it already), and its body when that is asked for.

        The body is of exactly that version: ChangedError if it is gone. NoObjectError, NoBucketError.
        """

    def write(
        self, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, replaces: str | None = None
    ) -> Stat:
        """Create an object (`replaces=None`) or overwrite exactly this version; else ChangedError.

        There is no unconditional write. It takes effect at most once, however often it is retried.
        """

    def list(self, prefix: Address, deadline: Deadline, *, after: str = "") -> Iterator[Entry]:
        """Objects whose keys begin with the prefix's, in the order of their UTF-8 bytes, past the key `after`."""

    def delete(self, address: Address, version: str, deadline: Deadline) -> None:
        """Delete this version; no error if nothing is there. ChangedError if another version is."""

    def sign(self, address: Address, grant: UrlGrant) -> SignedUrl:
        """A signed URL for what the grant says. CannotSignError."""
