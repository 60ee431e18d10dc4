"""Checks the guarantees by the buckets, the ledger and the catalog; each violation is a sentence."""

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
"""What `s3://` writes to test whether an endpoint enforces preconditions; a killed worker leaves it behind."""


class Judge:
    """Checks the final state, when everything is idle and no faults are injected any more."""

    def __init__(self, script: Script, place: Place, ledger: list[Effect], tally: Tally) -> None:
        self._script, self._place, self._ledger, self._tally = script, place, ledger, tally
        self._context = context(place)
        self._stores = Stores(place.options)
        self.rewritten = 0
        """Writes of the same output after it had been removed in between."""
        self.blind = 0
        """S3 writes over identical bytes, where the bytes before were identical too: ETags cannot tell them apart."""

    def violations(self) -> list[str]:
        """All violations."""
        sources, outputs = self._objects("sources"), self._objects("outputs")
        return [
            *self._script_done(sources),
            *self._outputs(sources, outputs),
            *self._duplicate_writes(),
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
        """The run itself went as planned."""
        for key in self._tally.dead:
            yield f"dead letter: {key}"
        if self._tally.outcomes.get("gave_up"):
            yield f"{self._tally.outcomes['gave_up']} events were given up"
        expected = {key for key, ops in self._script.ops.items() if ops[-1].content is not None}
        if expected != set(sources):
            yield "the sources differ from the script"

    def _outputs(self, sources: dict[str, Stat], outputs: dict[str, Stat]) -> Iterator[str]:
        """Each live version has each output with the right bytes; nothing else exists."""
        explained = set()
        for key, ops in self._script.ops.items():
            content, source = ops[-1].content, sources.get(key)
            for planned in self._context.rules.plan(Address(self._place.scheme, "sources", key)):
                existing = outputs.get(planned.address.key)
                explained.add(planned.address.key)
                body = None if content is None else self._expected(content, key).get(planned.target.name)
                if source is None or body is None:
                    if existing and planned.rule.on_delete == "remove":
                        yield f"{planned.address}: exists, though its source is {'deleted' if source is None else 'poison'}"  # noqa: E501
                elif existing is None:
                    yield f"{planned.address}: is missing"
                else:
                    yield from self._check_output(planned, existing, source, body)
        yield from (f"{key}: unexpected object" for key in set(outputs) - explained)

    def _check_output(self, planned: PlannedOutput, existing: Stat, source: Stat, body: bytes) -> Iterator[str]:
        about = provenance.rule_metadata(planned, source, outputs.output_digest(self._context, planned))
        if existing.about != about:
            yield f"{planned.address}: is marked {dict(existing.about.metadata)}, not {dict(about.metadata)}"
        if self._bytes(existing) != body:
            yield f"{planned.address}: has other bytes than its source gives"

    @cache  # noqa: B019 - one judge a run
    def _expected(self, content: bytes, key: str) -> dict[str, bytes]:
        """The expected outputs of these bytes; none for poison."""
        plan = self._context.rules.plan(Address(self._place.scheme, "sources", key))
        try:
            batch = outputs.make_outputs(self._context, content, plan, ["" for _ in plan], row=True)
        except DarkroomError:
            return {}
        return {planned.target.name: body for planned, body in zip(plan, batch.bodies, strict=True)}

    def _duplicate_writes(self) -> Iterator[str]:
        """No write takes effect if the same (source, version, digest) is existing already."""
        current: dict[str, tuple[provenance.OutputIdentity, str]] = {}
        identical: dict[str, bool] = {}
        ever: Counter[tuple[str, provenance.OutputIdentity]] = Counter()
        for effect in self._ledger:
            if effect.bucket != "outputs":
                continue
            if effect.op == "delete":
                current.pop(effect.key, None)
                continue
            name, before = provenance.OutputIdentity.of(effect.metadata), current.get(effect.key)
            ever[effect.key, name] += 1
            if before is None or before[0] != name:
                identical[effect.key] = before is not None and before[1] == effect.md5
            elif self._place.scheme == "s3" and identical[effect.key] and before[1] == effect.md5:
                self.blind += 1
            else:
                yield f"{effect.key}: written twice for version {name.version} (effect {effect.number})"
            current[effect.key] = (name, effect.md5)
        self.rewritten = sum(count - 1 for count in ever.values())

    def _records(self, sources: dict[str, Stat]) -> Iterator[str]:
        """Every poison is recorded once, and nothing else is."""
        written = Counter(effect.key for effect in self._ledger if effect.bucket == "records" and effect.op == "write")
        yield from (f"{key}: recorded {count} times" for key, count in written.items() if count > 1)
        found: set[tuple[str, str]] = set()
        for stat in self._objects("records").values():
            record = msgspec.json.decode(self._bytes(stat))
            named = (record["source"], record["version"])
            if named in found:
                yield f"{named}: recorded twice"
            found.add(named)
            yield from self._check_record(record)
        for key, ops in self._script.ops.items():
            content = ops[-1].content
            if content is not None and not self._expected(content, key):
                named = (str(sources[key].address), sources[key].version)
                if named not in found:
                    yield f"{named}: is poison, but not recorded"

    def _check_record(self, record: dict[str, Any]) -> Iterator[str]:
        """A record is about a version that was poison."""
        key = Address.parse(record["source"]).key
        if record["outcome"] != "poison" or all(
            self._expected(op.content, key) for op in self._script.ops[key] if op.content is not None
        ):
            yield f"{record['source']}: recorded as {record['code']}, though it never was poison"
        elif self._place.scheme == "s3":
            sums = {
                _md5(op.content)
                for op in self._script.ops[key]
                if op.content is not None and not self._expected(op.content, key)
            }
            if record["version"].partition(" ")[0] not in sums:
                yield f"{record['source']}: a version is recorded that is not poison"

    def _catalog(self, sources: dict[str, Stat], outputs: dict[str, Stat]) -> Iterator[str]:
        """Each live source that is not poison has a row with its version and outputs."""
        rows = {row.source: row for row in _rows(SqliteCatalog(self._place.catalog))}
        for key, stat in sources.items():
            good = bool(self._expected(self._script.ops[key][-1].content or b"", key))
            row = rows.pop(str(stat.address), None)
            if good and (row is None or row.version != stat.version):
                yield f"{stat.address}: the catalog has {row.version if row else 'nothing'}, not {stat.version}"
            elif good and row:
                plan = self._context.rules.plan(stat.address)
                expected = {
                    (str(one.address), outputs[one.address.key].version) for one in plan if one.address.key in outputs
                }
                if {(one.url, one.version) for one in row.outputs} != expected:
                    yield f"{stat.address}: the catalog has other outputs"
            elif row:
                yield f"{stat.address}: the catalog has a row for poison"
        yield from (f"{source}: the catalog has a row for an object that does not exist" for source in rows)


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
