"""What the tests of events share: an event context over stores that are watched and can be interfered with."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from catalog.base import Catalog
from core.limits import Deadline, Limits
from service import provenance
from service.events.context import EventContext
from service.events.event import EventResult, ObjectEvent
from service.events.handler import handle
from service.options import OptionsParser
from service.processor import Processor
from service.rules import Rules
from service.rules.parsing import parse_rules
from storage.address import Address
from storage.errors import StorageError
from storage.facts import Body, Entry, ObjectMetadata, SignedUrl, Stat, UrlGrant
from storage.objects import Store
from storage.reading import Reading
from storage.registry import Stores
from tests.functions.support import picture

Hook = Callable[[str, Address], None]
LIMITS = Limits()
RULES = """
[[rule]]
name = "all"
when = "SCHEME://in/**.{jpg,png}"
to = "SCHEME://out/{dir}/{name}-{output}.{ext}"
outputs = [{name = "small", pipeline = "resize:32", format = "webp"}, {name = "grey", pipeline = "grayscale"}]

[[rule]]
name = "kept"
when = "SCHEME://in/kept/*.jpg"
to = "SCHEME://out/{dir}/{name}-kept.{ext}"
pipeline = "resize:16"
on_delete = "keep"
"""


class Watched:
    """A store that counts its calls, and calls `before` and `after` around each."""

    scheme = "watched"

    def __init__(self, store: Store, scene: "Scene") -> None:
        self._store, self._scene = store, scene

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        if at is None:
            return self._call("stat", address, lambda: self._store.read(address, deadline))
        return self._call("read", address, lambda: self._store.read(address, deadline, at=at))

    def write(
        self, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, replaces: str | None = None
    ) -> Stat:
        return self._call(
            "write", address, lambda: self._store.write(address, body, about, deadline, replaces=replaces)
        )

    def delete(self, address: Address, version: str, deadline: Deadline) -> None:
        self._call("delete", address, lambda: self._store.delete(address, version, deadline))

    def list(self, prefix: Address, deadline: Deadline, *, after: str = "") -> Iterator[Entry]:
        return self._store.list(prefix, deadline, after=after)

    def sign(self, address: Address, grant: UrlGrant) -> SignedUrl:
        return self._store.sign(address, grant)

    def _call(self, name: str, address: Address, act: Callable[[], Any]) -> Any:
        self._scene.calls.append((name, str(address)))
        self._scene.before(name, address)
        try:
            made = act()
        except StorageError:
            self._scene.after(name, address)
            raise
        self._scene.effects.append((name, str(address)))
        self._scene.after(name, address)
        return made


class _Stores(Stores):
    def __init__(self, stores: Stores, scene: "Scene") -> None:
        self._inner, self._scene = stores, scene

    def of(self, address: Address) -> Store:
        return Watched(self._inner.of(address), self._scene)


def nothing(name: str, address: Address) -> None:
    """No interference."""


class Scene:
    """Buckets `in`, `out` and `results`, and an event context that works on them."""

    def __init__(
        self, scheme: str, stores: Stores, processor: Processor, catalog: Catalog | None = None, rules: str = RULES
    ) -> None:
        self.scheme, self.stores, self.catalog = scheme, stores, catalog
        self.calls: list[tuple[str, str]] = []
        self.effects: list[tuple[str, str]] = []
        self.before: Hook = nothing
        self.after: Hook = nothing
        self.context = EventContext(
            rules=self.rules(rules), stores=_Stores(stores, self), processor=processor, results=self.at("results", ""),
            catalog=lambda: self.catalog, attempts=3, age=100.0,
        )  # fmt: skip

    def rules(self, text: str) -> Rules:
        results = Address(self.scheme, "results", "")
        return parse_rules(text.replace("SCHEME", self.scheme), OptionsParser(LIMITS, {}), results=results)

    def ruled(self, text: str) -> "Scene":
        self.context = msgspec.structs.replace(self.context, rules=self.rules(text))
        return self

    def at(self, bucket: str, key: str) -> Address:
        return Address(self.scheme, bucket, key)

    def stat(self, address: Address) -> Stat | None:
        from storage.publish import find_object

        return find_object(self.stores.of(address), address, Deadline(60))

    def put(self, key: str, data: bytes, bucket: str = "in", **about: Any) -> Address:
        """Write whatever is there now."""
        address = self.at(bucket, key)
        now = self.stat(address)
        self.stores.of(address).write(
            address, data, ObjectMetadata(**about), Deadline(60), replaces=now.version if now else None
        )
        return address

    def remove(self, address: Address) -> None:
        now = self.stat(address)
        if now:
            self.stores.of(address).delete(address, now.version, Deadline(60))

    def get(self, address: Address) -> bytes:
        return bytes(self.stores.of(address).read(address, Deadline(60)).all(2**30))

    def keys(self, bucket: str) -> list[str]:
        prefix = self.at(bucket, "")
        return [entry.address.key for entry in self.stores.of(prefix).list(prefix, Deadline(60))]

    def errors(self) -> list[dict[str, Any]]:
        return [
            msgspec.json.decode(self.get(self.at("results", key)))
            for key in self.keys("results")
            if key.startswith("errors/")
        ]

    def handle(self, address: Address, **event: Any) -> EventResult:
        """Handle an event about an address; `calls` are those of this one."""
        self.calls = []
        return handle(ObjectEvent(address=address, **event), self.context)

    def count(self, *names: str) -> int:
        return sum(1 for name, _ in self.calls if name in names)


JPEG, OTHER, PNG = picture("jpg"), picture("jpg", width=80), picture("png")

OUTPUTS = ["x/a.jpg-grey.jpg", "x/a.jpg-small.webp"]


def versions(scene: Scene) -> dict[str, str]:
    found = {key: scene.stat(scene.at("out", key)) for key in scene.keys("out")}
    return {key: stat.version for key, stat in found.items() if stat}


def mark(scene: Scene, key: str, name: str = provenance.VERSION) -> str:
    stat = scene.stat(scene.at("out", key))
    assert stat
    return stat.about.metadata[name]


def version(scene: Scene, address: Address) -> str:
    stat = scene.stat(address)
    assert stat
    return stat.version


MOMENTS = {
    "after-the-outputs-were-looked-at": ("after", "stat", "out", 2),
    "after-the-source-was-looked-at": ("after", "stat", "in", 1),
    "before-the-source-is-read": ("before", "read", "in", 1),
    "before-the-first-write": ("before", "write", "out", 1),
    "between-the-writes": ("after", "write", "out", 1),
    "after-the-writes": ("after", "write", "out", 2),
    "before-the-source-is-looked-at-again": ("before", "stat", "in", 2),
}


def at_moment(scene: Scene, moment: str, act: Callable[[], Any]) -> None:
    """Have something happen in the middle of handling."""
    when, name, bucket, number = MOMENTS[moment]
    seen = [0]

    def interfere(called: str, address: Address) -> None:
        if (called, address.bucket) == (name, bucket):
            seen[0] += 1
            if seen[0] == number:
                act()

    setattr(scene, when, interfere)
