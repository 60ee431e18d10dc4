"""What stores speak of: objects, what is known and said of them, and who may touch them."""

import re
from collections.abc import Mapping
from typing import BinaryIO, Literal

import msgspec

from storage.address import Address
from storage.errors import BadMetadataError

Body = bytes | bytearray | memoryview | BinaryIO
"""What is written: bytes, or a file that can seek, read from its position to its end."""


MOST_METADATA = 2000
"""Bytes of names and values together, content type and cache control among them: S3 takes 2 KB, an inode of ext4 4."""


_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?\Z")


_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?\Z")


RESERVED = "darkroom-"
"""Names of metadata that begin so are the stores' own."""


class ObjectMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What is written beside the bytes. Names are lower case, values printable ASCII: others pass not every store."""

    content_type: str = "application/octet-stream"
    cache_control: str = ""
    metadata: Mapping[str, str] = {}

    def check(self) -> None:
        """BadMetadataError where some store could not keep it."""
        for name, value in self.metadata.items():
            if not _NAME.match(name) or name.startswith(RESERVED) or not _VALUE.match(value):
                raise BadMetadataError(f"«{name}» is no metadata that every storage keeps.", parameter=name, got=value)
        for name, value in (("content type", self.content_type), ("cache control", self.cache_control or "-")):
            if not _VALUE.match(value):
                raise BadMetadataError(f"The {name} is not printable ASCII.", parameter=name, got=value)
        texts = [*self.metadata, *self.metadata.values(), self.content_type, self.cache_control]
        if sum(map(len, texts)) > MOST_METADATA:
            raise BadMetadataError(f"Metadata has at most {MOST_METADATA} bytes.")


class Stat(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an object. `version` is opaque and compared for equality only; `modified` is Unix time, seconds.

    `checksums` are those that the store itself keeps, by name (`checksums.SUMS`), hexadecimal. `token` is the mark of
    the one write that made this version, empty where it was not one of ours.
    """

    address: Address
    version: str
    size: int
    modified: float
    about: ObjectMetadata
    checksums: Mapping[str, str]
    token: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One line of a listing: no store tells more without a call for each."""

    address: Address
    size: int
    modified: float


class UrlGrant(msgspec.Struct, frozen=True, kw_only=True):
    """What a signed address allows: one GET, or one PUT that creates an object of this type and length.

    `seconds` from now; `least` and `most` bytes. S3 signs one exact length only.
    """

    method: Literal["GET", "PUT"]
    seconds: int
    content_type: str = "application/octet-stream"
    least: int = 0
    most: int = 0


class SignedUrl(msgspec.Struct, frozen=True):
    """A signed address and the headers that must be sent with it."""

    url: str
    method: str
    headers: Mapping[str, str]
