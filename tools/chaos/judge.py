"""Whether the promise holds, by the buckets, the ledger and the catalog; each breach is a sentence."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from catalog.query import Query
from catalog.row import Row
from catalog.sqlite import SqliteCatalog
from core.errors import DarkroomError
from core.limits import Deadline
from service import provenance
from service.events import outputs
from service.rules.model import PlannedOutput
from storage.address import Address
from storage.facts import Stat
from storage.registry import Stores
from tools.chaos.deliverer import Tally
from tools.chaos.script import Script
from tools.chaos.worker import Place, context
from tools.emulators.dialects import Effect

_PROBE = ".darkroom-probe-"
"""What `s3://` writes to see whether an endpoint keeps preconditions; one that is killed meanwhile leaves it behind."""


class Judge:
    """Looks when all is quiet, and no faults are made any more."""

    def __init__(self, script: Script, place: Place, ledger: list[Effect], tally: Tally) -> None:
        self._script, self._place, self._ledger, self._tally = script, place, ledger, tally
        self._desk = context(place)
        self._stores = Stores(place.options)
        self.rewritten = 0
        """Writes of the same name after it had been removed in between."""
        self.blind = 0
        """Writes of S3 over the same name and bytes, where the bytes before were the same too: ETags cannot tell."""

    def breaches(self) -> list[str]:
        """All of them."""
        sources, outputs = self._objects("sources"), self._objects("outputs")
        return [
            *self._script_done(sources),
            *self._outputs(sources, outputs),
            *self._once(),
            *self._records(sources),
            *self._catalog(sources, outputs),
        ]

    def _objects(self, bucket: str) -> dict[str, Stat]:
        prefix = Address(self._place.scheme, bucket, "")
        store, deadline = self._stores.of(prefix), Deadline(120)
        keys = [entry.address for entry in store.list(prefix, deadline) if not entry.address.key.startswith(_PROBE)]
        return {address.key: store.read(address, deadline).stat for address in keys}

    def _bytes(self, stat: Stat) -> bytes:
        return bytes(self._stores.of(stat.address).read(stat.address, Deadline(60), at=stat).all(2**30))

    def _script_done(self, sources: dict[str, Stat]) -> Iterator[str]:
        """The run itself was as it should be."""
        for key in self._tally.dead:
            yield f"dead letter: {key}"
        if self._tally.outcomes.get("gave_up"):
            yield f"{self._tally.outcomes['gave_up']} events were given up"
        wanted = {key for key, ops in self._script.ops.items() if ops[-1].content is not None}
        if wanted != set(sources):
            yield "the sources are not what the script says"

    def _outputs(self, sources: dict[str, Stat], outputs: dict[str, Stat]) -> Iterator[str]:
        """Each live version has each output once with the right bytes; nothing else is there."""
        explained = set()
        for key, ops in self._script.ops.items():
            content, source = ops[-1].content, sources.get(key)
            for planned in self._desk.rules.plan(Address(self._place.scheme, "sources", key)):
                there = outputs.get(planned.address.key)
                explained.add(planned.address.key)
                body = None if content is None else self._made(content, key).get(planned.target.name)
                if source is None or body is None:
                    if there and planned.rule.on_delete == "remove":
                        yield f"{planned.address}: is there, though its source is {'gone' if source is None else 'poison'}"  # noqa: E501
                elif there is None:
                    yield f"{planned.address}: is missing"
                else:
                    yield from self._right(planned, there, source, body)
        yield from (f"{key}: nobody knows what this is" for key in set(outputs) - explained)

    def _right(self, planned: PlannedOutput, there: Stat, source: Stat, body: bytes) -> Iterator[str]:
        about = provenance.of_rule(planned, source, outputs.output_digest(self._desk, planned))
        if there.about != about:
            yield f"{planned.address}: is marked {dict(there.about.metadata)}, not {dict(about.metadata)}"
        if self._bytes(there) != body:
            yield f"{planned.address}: has other bytes than its source gives"

    @cache  # noqa: B019 - one judge a run
    def _made(self, content: bytes, key: str) -> dict[str, bytes]:
        """What should come out of these bytes; nothing out of poison."""
        plan = self._desk.rules.plan(Address(self._place.scheme, "sources", key))
        try:
            batch = outputs.make_outputs(self._desk, content, plan, ["" for _ in plan], row=True)
        except DarkroomError:
            return {}
        return {planned.target.name: body for planned, body in zip(plan, batch.bodies, strict=True)}

    def _once(self) -> Iterator[str]:
        """No write takes effect where the same (source, version, digest) is already."""
        now: dict[str, tuple[provenance.OutputIdentity, str]] = {}
        alike: dict[str, bool] = {}
        ever: Counter[tuple[str, provenance.OutputIdentity]] = Counter()
        for effect in self._ledger:
            if effect.bucket != "outputs":
                continue
            if effect.op == "delete":
                now.pop(effect.key, None)
                continue
            name, before = provenance.OutputIdentity.of(effect.metadata), now.get(effect.key)
            ever[effect.key, name] += 1
            if before is None or before[0] != name:
                alike[effect.key] = before is not None and before[1] == effect.md5
            elif self._place.scheme == "s3" and alike[effect.key] and before[1] == effect.md5:
                self.blind += 1
            else:
                yield f"{effect.key}: written twice for version {name.version} (effect {effect.number})"
            now[effect.key] = (name, effect.md5)
        self.rewritten = sum(count - 1 for count in ever.values())

    def _records(self, sources: dict[str, Stat]) -> Iterator[str]:
        """Every poison is recorded once, and nothing else is."""
        written = Counter(effect.key for effect in self._ledger if effect.bucket == "records" and effect.op == "write")
        yield from (f"{key}: recorded {count} times" for key, count in written.items() if count > 1)
        found: set[tuple[str, str]] = set()
        for stat in self._objects("records").values():
            told = msgspec.json.decode(self._bytes(stat))
            named = (told["source"], told["version"])
            if named in found:
                yield f"{named}: recorded twice"
            found.add(named)
            yield from self._blamed(told)
        for key, ops in self._script.ops.items():
            content = ops[-1].content
            if content is not None and not self._made(content, key):
                named = (str(sources[key].address), sources[key].version)
                if named not in found:
                    yield f"{named}: is poison, and not recorded"

    def _blamed(self, told: dict[str, Any]) -> Iterator[str]:
        """A record speaks of a version that was poison."""
        key = Address.parse(told["source"]).key
        if told["outcome"] != "poison" or all(
            self._made(op.content, key) for op in self._script.ops[key] if op.content is not None
        ):
            yield f"{told['source']}: recorded as {told['code']}, and never was"
        elif self._place.scheme == "s3":
            sums = {
                _md5(op.content)
                for op in self._script.ops[key]
                if op.content is not None and not self._made(op.content, key)
            }
            if told["version"].partition(" ")[0] not in sums:
                yield f"{told['source']}: a version is recorded that is no poison"

    def _catalog(self, sources: dict[str, Stat], outputs: dict[str, Stat]) -> Iterator[str]:
        """A row for each live source that is no poison, of its version and its outputs."""
        rows = {row.source: row for row in _rows(SqliteCatalog(self._place.catalog))}
        for key, stat in sources.items():
            good = bool(self._made(self._script.ops[key][-1].content or b"", key))
            row = rows.pop(str(stat.address), None)
            if good and (row is None or row.version != stat.version):
                yield f"{stat.address}: the catalog knows {row.version if row else 'nothing'}, not {stat.version}"
            elif good and row:
                plan = self._desk.rules.plan(stat.address)
                wanted = {
                    (str(one.address), outputs[one.address.key].version) for one in plan if one.address.key in outputs
                }
                if {(one.url, one.version) for one in row.outputs} != wanted:
                    yield f"{stat.address}: the catalog knows other outputs"
            elif row:
                yield f"{stat.address}: the catalog has a row of poison"
        yield from (f"{source}: the catalog has a row of what is not there" for source in rows)


def _rows(catalog: SqliteCatalog) -> Iterator[Row]:
    cursor = None
    while True:
        page = catalog.find(Query(limit=200, cursor=cursor))
        yield from page.images
        cursor = page.next
        if cursor is None:
            return


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


__all__ = ["Judge"]
