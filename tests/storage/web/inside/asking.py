"""What the tests of this folder ask with."""

from core.limits import Deadline
from storage.address import Address
from storage.allow import Allowed
from storage.facts import Stat
from storage.options import Options
from storage.reading import Reading
from storage.registry import Stores
from tests.storage.web.world import Answers

MOST = 100_000
EVERYTHING = ("https://", "http://")


def read(text: str, *allowed: str, seconds: float = 300, at: Stat | None = None, stall: float = 20) -> Reading:
    options = Options(web=Allowed.parse(allowed or EVERYTHING), web_bytes=MOST, stall_seconds=stall, connect_seconds=2)
    address = Address.parse(text)
    return Stores(options).of(address).read(address, Deadline(seconds), at=at)


def get(text: str, *allowed: str, seconds: float = 300) -> bytes:
    return bytes(read(text, *allowed, seconds=seconds).all(MOST))


def to(location: str, status: str = "302 Found") -> Answers:
    return lambda visitor: visitor.answer(b"", status, Location=location)
