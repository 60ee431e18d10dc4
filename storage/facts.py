"""Objects and their metadata, and signed URLs for them."""

import re
from collections.abc import Mapping
from typing import BinaryIO, Literal

import msgspec

from storage.address import Address
from storage.errors import BadMetadataError

Body = bytes | bytearray | memoryview | BinaryIO
"""What is written: bytes, or a seekable file, read from its position to its end."""


MOST_METADATA = 2000
"""Bytes of names and values together, content type and cache control among them: S3 takes 2 KB, an inode of ext4 4."""


_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?\Z")


_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?\Z")


RESERVED = "darkroom-"
"""Metadata names with this prefix are reserved for the stores."""


class ObjectMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata written with the bytes. Names are lower case, values printable ASCII: not every store takes others."""

    content_type: str = "application/octet-stream"
    cache_control: str = ""
    metadata: Mapping[str, str] = {}

    def check(self) -> None:
        """BadMetadataError if some store could not keep it."""
        for name, value in self.metadata.items():
            if not _NAME.match(name) or name.startswith(RESERVED) or not _VALUE.match(value):
                raise BadMetadataError(f'Not every storage can keep the metadata "{name}".', parameter=name, got=value)
        for name, value in (("content type", self.content_type), ("cache control", self.cache_control or "-")):
            if not _VALUE.match(value):
                raise BadMetadataError(f"The {name} is not printable ASCII.", parameter=name, got=value)
        texts = [*self.metadata, *self.metadata.values(), self.content_type, self.cache_control]
        if sum(map(len, texts)) > MOST_METADATA:
            raise BadMetadataError(f"Metadata can have at most {MOST_METADATA} bytes.")


class Stat(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an object. `version` is opaque and compared for equality only; `modified` is Unix time, seconds.

    `checksums` are those that the store itself keeps, by name (`checksums.SUMS`), hexadecimal. `token` identifies
    the write that made this version, empty if it was not one of ours.
    """

    address: Address
    version: str
    size: int
    modified: float
    about: ObjectMetadata
    checksums: Mapping[str, str]
    token: str = ""


class Entry(msgspec.Struct, frozen=True):
    r"""One entry of a listing: more would take a call for each object.

    One that is `nameless` is a file whose path is not UTF-8: no address leads to it, and bytes of it that are no text
    are written as `\xNN` in this one. Only `Options.nameless` lists such files.
    """

    address: Address
    size: int
    modified: float
    nameless: bool = False


class UrlGrant(msgspec.Struct, frozen=True, kw_only=True):
    """What a signed URL allows: one GET, or one PUT that creates an object of this type and length.

    `seconds` from now; `least` and `most` bytes. S3 signs one exact length only.
    """

    method: Literal["GET", "PUT"]
    seconds: int
    content_type: str = "application/octet-stream"
    least: int = 0
    most: int = 0


class SignedUrl(msgspec.Struct, frozen=True):
    """A signed URL and the headers that must be sent with it."""

    url: str
    method: str
    headers: Mapping[str, str]
