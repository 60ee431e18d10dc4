"""Addresses: `scheme://bucket/key`, as they are written, never percent-decoded."""

import re
import unicodedata
from typing import Self

import msgspec

from storage.errors import BadAddressError

_FORM = re.compile(r"([a-z][a-z0-9]{0,15})://([^/]*)(?:/(.*))?\Z", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}\Z")
LONGEST_KEY = 1024
"""Bytes of UTF-8: the most that both clouds take."""


class Address(msgspec.Struct, frozen=True, order=True):
    """Where an object is. For `file://` a bucket is a folder directly in the store's root."""

    scheme: str
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address of an object. BadAddressError."""
        address = cls.parse_prefix(text)
        if not address.key:
            raise BadAddressError("An address needs a bucket and a key, such as gs://bucket/folder/name.jpg.", got=text)
        return address.check()

    @classmethod
    def parse_prefix(cls, text: str) -> Self:
        """What all keys of a listing begin with; the key may be empty. BadAddressError."""
        match = _FORM.match(text)
        if not match:
            raise BadAddressError("An address is written scheme://bucket/key.", got=text)
        address = cls(match[1], match[2], match[3] or "")
        address.check_prefix()
        return address

    def at(self, key: str) -> Self:
        """Another key of the same bucket."""
        return type(self)(self.scheme, self.bucket, key)

    def check(self) -> Self:
        """Refuse what is no object's address. Clients fold `.` and `..` in a path, and would reach another key."""
        if not self.key:
            raise BadAddressError("An object needs a key.", got=str(self))
        if any(part in {".", ".."} for part in self.key.split("/")):
            raise BadAddressError("A key has no segment «.» or «..».", got=str(self))
        return self.check_prefix()

    def check_prefix(self) -> Self:
        """Refuse a bucket or a beginning of keys that no store may be asked for."""
        if not _BUCKET.match(self.bucket):
            raise BadAddressError("This is no bucket's name.", got=self.bucket)
        if any(unicodedata.category(char) in {"Cc", "Cs"} for char in self.key):
            raise BadAddressError("A key has no control characters.", got=self.key)
        if len(self.key.encode()) > LONGEST_KEY:
            raise BadAddressError(f"A key has at most {LONGEST_KEY} bytes.", got=self.key)
        return self
