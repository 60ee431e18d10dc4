"""What a write over the network sends, however often it is tried."""

import secrets
from typing import BinaryIO, Self

import msgspec

from storage import bodies
from storage.address import Address
from storage.facts import Body, ObjectMetadata


class ObjectUpload(msgspec.Struct, frozen=True):
    """What every attempt of one write sends. The token tells its own effect from another writer's."""

    address: Address
    file: BinaryIO
    size: int
    about: ObjectMetadata
    token: str
    checksum: str
    """Hexadecimal."""
    replaces: str | None

    @classmethod
    def of(cls, address: Address, body: Body, about: ObjectMetadata, checksum: str, replaces: str | None) -> Self:
        """The upload of a body, with the checksum of this name (`storage.checksums`)."""
        return cls(
            address, bodies.as_file(body), bodies.body_size(body), about, secrets.token_hex(16),
            bodies.body_checksums(body, checksum)[checksum], replaces,
        )  # fmt: skip
