"""Transfers from and to storage in a request: the picture at `source`, and the results stored at `to`."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote

import msgspec

from core.limits import Deadline, Limits
from core.run import Probe
from service import provenance
from service.errors import SameObjectError
from service.options import ProcessingOptions
from service.payload import Payload
from service.processing import OutputResult, ProcessingResult
from service.processor import naming_output
from service.results import ResultFile, result_file
from service.stores import Storage
from storage import urls
from storage.address import Address
from storage.facts import ObjectMetadata, Stat
from storage.objects import Store
from storage.publish import find_object, publish


class Destination(msgspec.Struct, frozen=True):
    """Where a result is stored, and the object there before processing."""

    store: Store
    address: Address
    existing: Stat | None


class Transfers(msgspec.Struct, frozen=True):
    """The reads and writes of one request, within its deadline."""

    storage: Storage
    limits: Limits
    deadline: Deadline
    probe: Probe

    def destinations(self, options: ProcessingOptions) -> dict[str, Destination]:
        """The destinations by output name: first all are checked, then all are looked up.

        Errors: NotAllowedError, SameObjectError, and those of the stores.
        """
        targets = {output.name: output.to for output in options.outputs if output.to}
        for name, address in targets.items():
            with naming_output(name):
                self._check(address, options)
        return {name: self._find(name, address) for name, address in targets.items()}

    def fetch(self, payload: Payload, options: ProcessingOptions) -> Payload:
        """The payload with the picture from its source; unchanged if it brings its own.

        Errors: NotAllowedError; TooManyBytesError before any byte is read.
        """
        if options.source is None:
            return payload
        address = self.storage.sources.check(options.source)
        with self.probe.span("fetch"):
            reading = self.storage.stores.of(address).read(address, self.deadline)
            picture = bytes(reading.all(self.limits.body_bytes))
        return msgspec.structs.replace(payload, picture=picture, filename=_file_name(address), stat=reading.stat)

    def store(self, done: ProcessingResult, destinations: Mapping[str, Destination]) -> ProcessingResult:
        """Store the results that have a destination, each over exactly the version found there before processing."""
        if not destinations:
            return done
        outputs = {output.result.output.name: output for output in done.outputs}
        stored = {name: self._store(done, outputs[name], place) for name, place in destinations.items()}
        return msgspec.structs.replace(done, stored=stored)

    def _check(self, address: Address, options: ProcessingOptions) -> None:
        self.storage.targets.check(address)
        if address == options.source:
            raise SameObjectError(f'"{address}" is the source itself; store the result elsewhere.', parameter="to")

    def _find(self, name: str, address: Address) -> Destination:
        with naming_output(name), self.probe.span("look"):
            store = self.storage.stores.of(address)
            return Destination(store, address, find_object(store, address, self.deadline))

    def _store(self, done: ProcessingResult, output: OutputResult, place: Destination) -> Stat:
        with naming_output(output.result.output.name), self.probe.span("store"):
            file = result_file(done, output)
            about = _metadata(done, output, file)
            return publish(place.store, place.address, file.data, about, self.deadline, known=place.existing).stat


def _metadata(done: ProcessingResult, output: OutputResult, file: ResultFile) -> ObjectMetadata:
    """The metadata of a stored result. A document depends on more than its digest covers."""
    more = {"include": "+".join(sorted(done.options.include)), "name": done.payload.filename}
    source = done.payload.stat or done.source
    return provenance.request_metadata(file.media_type, source, output.digest, **(more if file.is_document else {}))


def _file_name(address: Address) -> str:
    """The file name in a key; a web address is percent-encoded and may have a query."""
    if address.scheme in urls.SCHEMES:
        return PurePosixPath(unquote(address.key.partition("?")[0])).name
    return PurePosixPath(address.key).name
