"""Objects of storage in a request: the picture that `source` names, and the results that go to where `to` says."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote

import msgspec

from core.limits import Deadline, Limits
from core.run import Probe
from functions import marks
from functions.answer import Written, written
from functions.options import Order
from functions.problems import SameObjectError
from functions.source import Parcel
from functions.stores import Storage
from functions.work import Delivery, Made, named
from storage.address import Address
from storage.objects import About, Stat, Store
from storage.publish import look, publish
from storage.web import names


class Target(msgspec.Struct, frozen=True):
    """Where a result goes, and what is there before the work."""

    store: Store
    address: Address
    seen: Stat | None


class Visit(msgspec.Struct, frozen=True):
    """One request's dealings with storage, by its deadline."""

    storage: Storage
    limits: Limits
    deadline: Deadline
    probe: Probe

    def targets(self, order: Order) -> dict[str, Target]:
        """The targets of an order by the names of its outputs: first all are checked, then all are looked at.

        NotAllowedError, SameObjectError, and whatever a store has to say.
        """
        wanted = {want.name: want.to for want in order.wants if want.to}
        for name, address in wanted.items():
            with named(name):
                self._check(address, order)
        return {name: self._looked(name, address) for name, address in wanted.items()}

    def fetched(self, parcel: Parcel, order: Order) -> Parcel:
        """The parcel with the picture that its source names; as it is where it brings its own.

        NotAllowedError; TooManyBytesError before a byte of the body is read.
        """
        if order.source is None:
            return parcel
        address = self.storage.sources.check(order.source)
        with self.probe.span("fetch"):
            reading = self.storage.stores.of(address).read(address, self.deadline)
            picture = bytes(reading.all(self.limits.body_bytes))
        return msgspec.structs.replace(parcel, picture=picture, filename=_file_name(address), stat=reading.stat)

    def stored(self, delivery: Delivery, targets: Mapping[str, Target]) -> Delivery:
        """The delivery with those results stored that have a target, each over what was seen there before the work."""
        if not targets:
            return delivery
        made = {one.result.output.name: one for one in delivery.made}
        done = {name: self._store(delivery, made[name], target) for name, target in targets.items()}
        return msgspec.structs.replace(delivery, stored=done)

    def _check(self, address: Address, order: Order) -> None:
        self.storage.targets.check(address)
        if address == order.source:
            raise SameObjectError(f"«{address}» is the source itself.", parameter="to")

    def _looked(self, name: str, address: Address) -> Target:
        with named(name), self.probe.span("look"):
            store = self.storage.stores.of(address)
            return Target(store, address, look(store, address, self.deadline))

    def _store(self, delivery: Delivery, made: Made, target: Target) -> Stat:
        with named(made.result.output.name), self.probe.span("store"):
            file = written(delivery, made)
            about = _about(delivery, made, file)
            return publish(target.store, target.address, file.data, about, self.deadline, seen=target.seen).stat


def _about(delivery: Delivery, made: Made, file: Written) -> About:
    """What is said of a result. A document holds more than its digest speaks of."""
    more = {"include": "+".join(sorted(delivery.order.include)), "name": delivery.parcel.filename} if file.told else {}
    return marks.about(file.media_type, delivery.parcel.stat or delivery.source, made.digest, **more)


def _file_name(address: Address) -> str:
    """The last name of a key; a web address is written percent-encoded and may have a query."""
    if address.scheme in names.SCHEMES:
        return PurePosixPath(unquote(address.key.partition("?")[0])).name
    return PurePosixPath(address.key).name
