"""Renders: found in memory, or stored, or computed once however many ask, and stored by who may.

A stored render is the object `renders/{picture}/{version}-{identity}` under the place of results; it is only ever
created, so that of several processes one stores it, and the others take what that one made.
"""

import contextlib
import hashlib
import threading
from collections import OrderedDict

import msgspec

from catalog.describe import name_from_address
from catalog.row import id_of
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
from service.render.request import RenderRequest, RequestCache
from service.render.single_flight import SingleFlight
from service.results import disposition_of, result_file
from service.stores import Storage
from storage.address import Address
from storage.errors import ChangedError, NoObjectError, StorageError
from storage.facts import ObjectMetadata, Stat
from storage.publish import find_object

MOST = 32
"""Renders that are stored of one picture."""
_HELD, _LARGEST = 32 * 2**20, 4 * 2**20
"""Bytes of renders in one process's memory, and of the largest among them."""
DISPOSITION = "disposition"
_LONGEST = 800


class Render(msgspec.Struct, frozen=True):
    """A render as it is sent. `settled`: it was stored, or found to be none that is."""

    data: bytes
    content_type: str
    disposition: str = ""
    settled: bool = False


class RenderTask(msgspec.Struct, frozen=True):
    """One render: of which version of which object, what, under which identity (hex), and whether it may be stored.

    `most`: bytes that its source may have.
    """

    stat: Stat
    request: RenderRequest
    identity: str
    storable: bool
    most: int


class RenderCache:
    """Renders that were asked for lately, up to a number of bytes. What is kept can never be wrong, only unused."""

    def __init__(self, most: int = _HELD) -> None:
        self._most = most
        self._held = 0
        self._found: OrderedDict[str, Render] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, identity: str) -> Render | None:
        """A render, if it is still here."""
        with self._lock:
            found = self._found.get(identity)
            if found:
                self._found.move_to_end(identity)
            return found

    def put(self, identity: str, made: Render) -> None:
        """Keep a render, unless it is large; the least used go."""
        if len(made.data) > min(_LARGEST, self._most):
            return
        with self._lock:
            self._held += len(made.data) - (len(self._found[identity].data) if identity in self._found else 0)
            self._found[identity] = made
            while self._held > self._most:
                _, gone = self._found.popitem(last=False)
                self._held -= len(gone.data)


class Renderer:
    """What renders need. Threads share it."""

    def __init__(self, processor: Processor, storage: Storage) -> None:
        self._processor = processor
        self._storage = storage
        self._memory = RenderCache()
        self.requests = RequestCache()
        self._single_flight: SingleFlight[Render] = SingleFlight()

    def ready(self, identity: str) -> Render | None:
        """A render that is here, and about which nothing is left to be done."""
        found = self._memory.get(identity)
        return found if found and found.settled else None

    def render(self, task: RenderTask, deadline: Deadline, probe: Probe) -> Render:
        """A render. Errors: those of core and storage; ChangedError where the source is another version meanwhile."""
        found = self._memory.get(task.identity)
        if found and (found.settled or not task.storable):
            return found
        key = f"{task.identity}{'+' * task.storable}"
        return self._single_flight.do(key, lambda: self._found_or_made(task, deadline, probe), deadline)

    def _found_or_made(self, task: RenderTask, deadline: Deadline, probe: Probe) -> Render:
        found = self._memory.get(task.identity) or self._stored(task, deadline)
        made = found or self._made(task, deadline, probe)
        if task.storable and not made.settled:
            made = self._kept(task, made, deadline) if made.content_type.startswith("image/") else made
            made = msgspec.structs.replace(made, settled=True)
        self._memory.put(task.identity, made)
        return made

    def _made(self, task: RenderTask, deadline: Deadline, probe: Probe) -> Render:
        with probe.span("read"):
            reading = self._storage.stores.of(task.stat.address).read(task.stat.address, deadline, at=task.stat)
            data = bytes(reading.all(task.most))
        payload = Payload(data, name_from_address(str(task.stat.address)), {}, [])
        options = ProcessingOptions(outputs=[task.request.output], include=task.request.include)

        def negotiated(_: ProcessingOptions, wanted: OutputOptions, origin: Origin) -> Negotiated:
            return negotiate(wanted, origin, task.request.accept)

        done = process_payload(self._processor, payload, options, negotiated, probe)
        output = done.outputs[0]
        file = result_file(done, output)
        return Render(file.data, file.media_type, disposition_of(done, output, file))

    def _stored(self, task: RenderTask, deadline: Deadline) -> Render | None:
        """What is stored already. Trouble with that is no reason not to answer."""
        place = self._place(task)
        if place is None:
            return None
        try:
            reading = self._storage.stores.of(place).read(place, deadline)
            data = bytes(reading.all(self._processor.limits.body_bytes))
        except StorageError:
            return None
        about = reading.stat.about
        return Render(data, about.content_type, about.metadata.get(DISPOSITION, ""), settled=True)

    def _kept(self, task: RenderTask, made: Render, deadline: Deadline) -> Render:
        """Store a render, if there is room for it; where another process was faster, its bytes are the render."""
        place = self._place(task)
        if place is None:
            return made
        try:
            if self._stored_beside(place, deadline) >= MOST:
                return made
            about = ObjectMetadata(content_type=made.content_type, metadata=_metadata(made, task.stat.address))
            self._storage.stores.of(place).write(place, made.data, about, deadline)
            self._forget_if_gone(task, place, deadline)
            self._forget_if_too_many(place, deadline)
        except ChangedError:
            return self._stored(task, deadline) or made
        except StorageError:
            return made
        return made

    def _place(self, task: RenderTask) -> Address | None:
        results = self._storage.results
        if results is None:
            return None
        address = task.stat.address
        return below(results, f"renders/{id_of(str(address))}/{_short(task.stat.version)}-{task.identity}")

    def _stored_beside(self, place: Address, deadline: Deadline) -> int:
        """How many are stored of this version. Renders of an earlier one are of no use to anybody, and go."""
        folder, _, name = place.key.rpartition("/")
        version = name.partition("-")[0]
        store = self._storage.stores.of(place)
        found = [entry.address for entry in store.list(place.at(f"{folder}/"), deadline)]
        stale = [address for address in found if not address.key.startswith(f"{folder}/{version}-")]
        for address in stale:
            self._remove(address, deadline)
        return len(found) - len(stale)

    def _forget_if_gone(self, task: RenderTask, place: Address, deadline: Deadline) -> None:
        """A picture that was deleted while we computed has taken its renders along, but for this one."""
        source = task.stat.address
        if find_object(self._storage.stores.of(source), source, deadline) is None:
            self._remove(place, deadline)

    def _forget_if_too_many(self, place: Address, deadline: Deadline) -> None:
        """Others may have been stored at the same moment; where that cannot be told, ours goes."""
        try:
            fits = self._stored_beside(place, deadline) <= MOST
        except StorageError:
            fits = False
        if not fits:
            self._remove(place, deadline)

    def _remove(self, address: Address, deadline: Deadline) -> None:
        store = self._storage.stores.of(address)
        with contextlib.suppress(ChangedError, NoObjectError):
            store.delete(address, store.read(address, deadline).stat.version, deadline)


def _short(version: str) -> str:
    return hashlib.sha256(version.encode()).hexdigest()[:16]


def _metadata(made: Render, source: Address) -> dict[str, str]:
    """How it is sent; and the mark by which rules know what we made ourselves."""
    mark = {MADE_BY: OURS, HOPS: "1"}
    told = {SOURCE: quoted(source), DISPOSITION: made.disposition}
    return mark | {name: text for name, text in told.items() if text and text.isascii() and len(text) <= _LONGEST}
