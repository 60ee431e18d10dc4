"""Addresses: `scheme://bucket/key`, as they are written, never percent-decoded.

On the web the bucket is the host, and the key the path without its first slash, with the query: see `urls`.
"""

import re
import unicodedata
from typing import Self

import msgspec

from storage import urls
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
            raise BadAddressError("An address needs a bucket and a key, as in gs://bucket/folder/name.jpg.", got=text)
        return address.check()

    @classmethod
    def parse_prefix(cls, text: str) -> Self:
        """The prefix of a listing; its key may be empty. BadAddressError.

        `https://` and `http://` alone stand for the whole web.
        """
        match = _FORM.match(text)
        if not match:
            raise BadAddressError("An address must have the form scheme://bucket/key.", got=text)
        scheme, bucket, key = match[1], match[2], match[3] or ""
        address = cls(scheme, urls.authority(scheme, bucket) if scheme in urls.SCHEMES else bucket, key)
        return address if address.whole_web else address.check_prefix()

    @property
    def whole_web(self) -> bool:
        """Whether this is `https://` or `http://` alone, the prefix of every host."""
        return self.scheme in urls.SCHEMES and not self.bucket and not self.key

    def at(self, key: str) -> Self:
        """Another key of the same bucket."""
        return type(self)(self.scheme, self.bucket, key)

    def check(self) -> Self:
        """Refuse what is not an object's address. Clients resolve `.` and `..` in paths and would reach another key."""
        if not self.key:
            raise BadAddressError("An object's address needs a key.", got=str(self))
        if any(part in {".", ".."} for part in self.key.split("/")):
            raise BadAddressError('A key cannot have a segment "." or "..".', got=str(self))
        if self.scheme in urls.SCHEMES:
            urls.check_key(self.key)
        return self.check_prefix()

    def check_prefix(self) -> Self:
        """Refuse a bucket or a prefix that no store may be asked for."""
        if self.scheme in urls.SCHEMES:
            urls.check_host(self.bucket)
        elif not _BUCKET.match(self.bucket):
            raise BadAddressError("This is not a valid bucket name.", got=self.bucket)
        is_plain = self.key.isascii() and self.key.isprintable()
        if not is_plain and any(unicodedata.category(char) in {"Cc", "Cs"} for char in self.key):
            raise BadAddressError("A key cannot have control characters.", got=self.key)
        most = urls.LONGEST if self.scheme in urls.SCHEMES else LONGEST_KEY
        if len(self.key.encode()) > most:
            raise BadAddressError(f"A key can have at most {most} bytes.", got=self.key)
        return self
