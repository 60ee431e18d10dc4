"""Which addresses may be read or written: lists of prefixes, closed by default."""

from collections.abc import Iterable
from typing import Self

import msgspec

from storage.address import Address
from storage.errors import NotAllowedError


class Allowed(msgspec.Struct, frozen=True):
    """Prefixes such as `gs://bucket`, `gs://bucket/folder/` or `s3://bucket/name-`.

    One that ends in a slash, or has no key, allows everything below it. Any other is compared literally, so
    `gs://bucket/in` also allows `gs://bucket/in-private/a.jpg`: write the slash. `https://` allows every host.
    """

    prefixes: tuple[Address, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """A list as an operator writes it. BadAddressError."""
        return cls(tuple(Address.parse_prefix(text) for text in texts))

    def is_whole_web(self, address: Address) -> bool:
        """Whether the address is on the web, and every address there is allowed."""
        return any(prefix.whole_web and prefix.scheme == address.scheme for prefix in self.prefixes)

    def check(self, address: Address) -> Address:
        """The address itself. NotAllowedError if no prefix matches; BadAddressError if it is not a valid address."""
        address.check()
        for prefix in self.prefixes:
            if _matches(address, prefix):
                return address
        raise NotAllowedError(f'"{address}" is not on a list of allowed addresses.')


def _matches(address: Address, prefix: Address) -> bool:
    if prefix.whole_web:
        return address.scheme == prefix.scheme
    return (address.scheme, address.bucket) == (prefix.scheme, prefix.bucket) and address.key.startswith(prefix.key)
