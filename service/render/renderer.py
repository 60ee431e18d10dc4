"""Renders: cached in memory, stored, or computed once for all concurrent requests, and stored if permitted.

A stored render is the object `renders/{picture}/{version}-{identity}` under the results prefix. It is only ever
created, so of several processes one stores it and the others return its bytes.
"""

import contextlib
import threading
from collections import OrderedDict
from typing import Literal

import msgspec

from catalog.describe import name_from_address
from catalog.row import id_of
from core.identity import generation, sha256
from core.limits import Deadline
from core.picture import Origin
from core.run import Probe
from service.images.repository import below
from service.negotiation import Negotiated, negotiate
from service.options import OutputOptions, ProcessingOptions
from service.payload import Payload
from service.processing import process_payload
from service.processor import Processor
from service.provenance import HOPS, MADE_BY, OURS, SOURCE, quoted
from service.render.request import ParsedRender, RenderRequest, RequestCache
from service.render.single_flight import SingleFlight
from service.results import disposition_of, result_file
from service.stores import Storage
from service.watch.metrics import Metrics
from storage.address import Address
from storage.errors import ChangedError, NoObjectError, StorageError
from storage.facts import ObjectMetadata, Stat
from storage.publish import find_object

MAX_STORED = 32
"""Stored renders per picture."""
_CACHE_BYTES, _MAX_RENDER_BYTES = 32 * 2**20, 4 * 2**20
_BESIDE_BYTES = 1024
"""What a cached render takes beside its data, at most: else a million of a few bytes each would fit."""
"""Bytes of all renders in a process's memory, and of the largest."""
DISPOSITION = "disposition"
_MAX_METADATA = 800


class Render(msgspec.Struct, frozen=True):
    """A render as it is sent. `settled`: it has been stored, or cannot be."""

    data: bytes
    content_type: str
    disposition: str = ""
    settled: bool = False


class RenderTask(msgspec.Struct, frozen=True):
    """One render to make: source version, request, identity (hex), and whether the result may be stored.

    `max_bytes`: the largest source that is read.
    """

    stat: Stat
    request: RenderRequest
    identity: str
    storable: bool
    max_bytes: int


class RenderCache:
    """An LRU cache of renders, limited in bytes: of their data, and for each what it takes beside that.

    Identities cover the source version, so entries never go stale.
    """

    def __init__(self, capacity: int = _CACHE_BYTES) -> None:
        self._capacity = capacity
        self._size = 0
        self._renders: OrderedDict[str, Render] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes that all cached renders take."""
        return self._size

    def get(self, identity: str) -> Render | None:
        """The cached render, or None."""
        with self._lock:
            found = self._renders.get(identity)
            if found:
                self._renders.move_to_end(identity)
            return found

    def put(self, identity: str, render: Render) -> None:
        """Cache a render unless it is too large; the least recently used are evicted."""
        if len(render.data) > min(_MAX_RENDER_BYTES, self._capacity):
            return
        with self._lock:
            self._size += _taken(render) - (_taken(self._renders[identity]) if identity in self._renders else 0)
            self._renders[identity] = render
            while self._size > self._capacity:
                _, evicted = self._renders.popitem(last=False)
                self._size -= _taken(evicted)


def _taken(render: Render) -> int:
    return len(render.data) + _BESIDE_BYTES


class Renderer:
    """Makes, caches and stores renders. Thread-safe."""

    def __init__(
        self, processor: Processor, storage: Storage, metrics: Metrics | None = None, placeholder: bytes | None = None
    ) -> None:
        self._metrics = metrics
        self._placeholder = placeholder
        self._processor = processor
        self._storage = storage
        self._cache = RenderCache()
        self.requests = RequestCache()
        self._single_flight: SingleFlight[Render] = SingleFlight()

    def ready(self, identity: str) -> Render | None:
        """The cached render if nothing is left to do for it, else None."""
        found = self._cache.get(identity)
        if found is None or not found.settled:
            return None
        self._note("memory")
        return found

    def _note(self, origin: Literal["memory", "storage", "computed"]) -> None:
        if self._metrics:
            self._metrics.rendered(origin, self._cache.size)

    def render(self, task: RenderTask, deadline: Deadline, probe: Probe) -> Render:
        """Make a render. Errors: those of core and storage; ChangedError if the source has changed."""
        found = self._cache.get(task.identity)
        if found and (found.settled or not task.storable):
            self._note("memory")
            return found
        key = f"{task.identity}{'+' * task.storable}"
        return self._single_flight.do(key, lambda: self._find_or_compute(task, deadline, probe), deadline)

    def placeholder(self, parsed: ParsedRender, deadline: Deadline, probe: Probe) -> Render | None:
        """What is shown in place of a missing picture, through the same steps; None where nothing, or not a picture.

        Errors: those of core, as where its size does not suit a step.
        """
        data = self._placeholder
        if data is None:
            return None
        identity = f"placeholder-{parsed.digest}"

        def made() -> Render:
            render = self._made(data, "placeholder", parsed.request, deadline, probe)
            self._cache.put(identity, render)
            return render

        found = self._cache.get(identity) or self._single_flight.do(identity, made, deadline)
        return found if found.content_type.startswith("image/") else None

    def _find_or_compute(self, task: RenderTask, deadline: Deadline, probe: Probe) -> Render:
        render = self._cache.get(task.identity) or self._read_stored(task, deadline)
        render = render or self._compute(task, deadline, probe)
        if task.storable and not render.settled:
            render = self._store(task, render, deadline) if render.content_type.startswith("image/") else render
            render = msgspec.structs.replace(render, settled=True)
        self._cache.put(task.identity, render)
        return render

    def _compute(self, task: RenderTask, deadline: Deadline, probe: Probe) -> Render:
        self._note("computed")
        with probe.span("read"):
            reading = self._storage.stores.of(task.stat.address).read(task.stat.address, deadline, at=task.stat)
            data = bytes(reading.all(task.max_bytes))
        return self._made(data, name_from_address(str(task.stat.address)), task.request, deadline, probe)

    def _made(self, data: bytes, name: str, request: RenderRequest, deadline: Deadline, probe: Probe) -> Render:
        payload = Payload(data, name, {}, [])
        options = ProcessingOptions(outputs=[request.output], include=request.include)

        def negotiated(_: ProcessingOptions, output: OutputOptions, origin: Origin) -> Negotiated:
            return negotiate(output, origin, request.accept)

        done = process_payload(self._processor, payload, options, negotiated, probe, deadline)
        output = done.outputs[0]
        file = result_file(done, output)
        return Render(file.data, file.media_type, disposition_of(done, output, file))

    def _read_stored(self, task: RenderTask, deadline: Deadline) -> Render | None:
        """The stored render, or None. A storage error is no reason to fail: the render is computed then."""
        target = self._address(task)
        if target is None:
            return None
        try:
            reading = self._storage.stores.of(target).read(target, deadline)
            data = bytes(reading.all(self._processor.limits.body_bytes))
        except StorageError:
            return None
        self._note("storage")
        about = reading.stat.about
        return Render(data, about.content_type, about.metadata.get(DISPOSITION, ""), settled=True)

    def _store(self, task: RenderTask, render: Render, deadline: Deadline) -> Render:
        """Store a render if there is room; if another process was faster, return what that one stored."""
        target = self._address(task)
        if target is None:
            return render
        try:
            if self._count_stored(target, deadline) >= MAX_STORED:
                return render
            about = ObjectMetadata(content_type=render.content_type, metadata=_metadata(render, task.stat.address))
            self._storage.stores.of(target).write(target, render.data, about, deadline)
            self._remove_if_source_deleted(task, target, deadline)
            self._remove_if_too_many(target, deadline)
        except ChangedError:
            return self._read_stored(task, deadline) or render
        except StorageError:
            return render
        return render

    def _address(self, task: RenderTask) -> Address | None:
        results = self._storage.results
        if results is None:
            return None
        address = task.stat.address
        return below(results, f"renders/{id_of(str(address))}/{self._short(task.stat.version)}-{task.identity}")

    def _short(self, version: str) -> str:
        """Of a version, and of what made its renders: those of an earlier build would never be asked for again."""
        made_by = generation(self._processor.rules)
        return sha256(msgspec.json.encode([version, made_by], order="sorted"))[:16]

    def _count_stored(self, target: Address, deadline: Deadline) -> int:
        """Count the stored renders of this version. Those of other versions or builds are useless and removed."""
        folder, _, name = target.key.rpartition("/")
        version = name.partition("-")[0]
        store = self._storage.stores.of(target)
        found = [entry.address for entry in store.list(target.at(f"{folder}/"), deadline)]
        stale = [address for address in found if not address.key.startswith(f"{folder}/{version}-")]
        for address in stale:
            self._remove(address, deadline)
        return len(found) - len(stale)

    def _remove_if_source_deleted(self, task: RenderTask, target: Address, deadline: Deadline) -> None:
        """Remove this render if its picture was deleted in the meantime, which has removed all others."""
        source = task.stat.address
        if find_object(self._storage.stores.of(source), source, deadline) is None:
            self._remove(target, deadline)

    def _remove_if_too_many(self, target: Address, deadline: Deadline) -> None:
        """Remove this render if others stored at the same moment exceed the limit, or if that cannot be determined."""
        try:
            fits = self._count_stored(target, deadline) <= MAX_STORED
        except StorageError:
            fits = False
        if not fits:
            self._remove(target, deadline)

    def _remove(self, address: Address, deadline: Deadline) -> None:
        store = self._storage.stores.of(address)
        with contextlib.suppress(ChangedError, NoObjectError):
            store.delete(address, store.read(address, deadline).stat.version, deadline)


def _metadata(render: Render, source: Address) -> dict[str, str]:
    """The headers to send, and the mark by which rules recognize renders."""
    mark = {MADE_BY: OURS, HOPS: "1"}
    fields = {SOURCE: quoted(source), DISPOSITION: render.disposition}
    return mark | {
        name: text for name, text in fields.items() if text and text.isascii() and len(text) <= _MAX_METADATA
    }
