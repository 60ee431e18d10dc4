"""Which addresses may be read from, or written to: lists of beginnings, closed by default."""

from collections.abc import Iterable
from typing import Self

import msgspec

from storage.address import Address
from storage.errors import NotAllowedError


class Allowed(msgspec.Struct, frozen=True):
    """Beginnings such as `gs://bucket`, `gs://bucket/folder/` or `s3://bucket/name-`.

    One that ends in a slash, or has no key, allows what is below it. Any other is a beginning of names to the letter,
    so `gs://bucket/in` also allows `gs://bucket/in-private/a.jpg`: write the slash. `https://` allows every host.
    """

    beginnings: tuple[Address, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """A list as an operator writes it. BadAddressError."""
        return cls(tuple(Address.parse_prefix(text) for text in texts))

    def check(self, address: Address) -> Address:
        """The address again. NotAllowedError where no beginning is its own; BadAddressError where it is none."""
        address.check()
        for one in self.beginnings:
            if _begins(address, one):
                return address
        raise NotAllowedError(f"«{address}» is on no list of allowed addresses.")


def _begins(address: Address, one: Address) -> bool:
    if one.whole_web:
        return address.scheme == one.scheme
    return (address.scheme, address.bucket) == (one.scheme, one.bucket) and address.key.startswith(one.key)
