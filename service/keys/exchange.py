"""What instances tell each other about used budgets: an object each and day, `keys/usage/{day}/{instance}.json`.

What another instance has used is known at most 10 s later: a thread writes and reads every 4 s while there are
requests, and a request that comes after a pause waits for one exchange.
"""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator

import msgspec

from core.limits import Deadline
from service.keys.usage import DAY_SECONDS, UsageTable
from service.provenance import HOPS, MADE_BY, OURS
from service.stores import Storage
from storage.address import Address
from storage.errors import ChangedError, NoObjectError, StorageError
from storage.facts import ObjectMetadata
from storage.publish import find_object

EXCHANGE_SECONDS = 4.0
LATEST_SECONDS = 8.0
_CALL_SECONDS = 2.0
_MAX_BYTES = 1024 * 1024
_logger = logging.getLogger("darkroom")


class UsageExchange:
    """Exchanges the usage of budgets through the bucket of results. Thread-safe."""

    def __init__(self, table: UsageTable, storage: Storage, results: Address) -> None:
        self._table = table
        self._storage = storage
        self._results = results
        self._pid = 0
        self._wanted = threading.Event()
        self._starting = threading.Lock()
        self._read: dict[str, tuple[tuple[float, int], dict[str, float]]] = {}
        self._tidied = 0

    def before_request(self) -> None:
        """Exchange at once if the last time was too long ago."""
        if self._table.since_exchange() > LATEST_SECONDS:
            self.exchange()

    def after_request(self) -> None:
        """Let the thread tell others what was used."""
        if self._pid != os.getpid():
            with self._starting:
                if self._pid != os.getpid():  # threads do not survive a fork
                    self._pid, self._wanted = os.getpid(), threading.Event()
                    threading.Thread(target=self._run, name="key-usage", daemon=True).start()
        self._wanted.set()

    def exchange(self) -> bool:
        """Write what this container has used today and read what others have; False if another process does it."""
        if not self._table.claim_exchange(EXCHANGE_SECONDS):
            return False
        try:
            deadline = Deadline(_CALL_SECONDS)
            self._write(deadline)
            self._table.set_elsewhere(self._others(deadline))
            self._tidy()
        except StorageError as error:
            _logger.warning("Budgets of keys cannot be compared with other instances: %s", error.detail)
        return True

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            while not self._exchanged():
                time.sleep(max(EXCHANGE_SECONDS - self._table.since_exchange(), 0.1))

    def _exchanged(self) -> bool:
        try:
            return self.exchange()
        except Exception:
            _logger.exception("The usage of keys could not be exchanged")
            return True

    def _write(self, deadline: Deadline) -> None:
        address = self._address(f"{_today()}/{self._table.instance}.json")
        store = self._storage.stores.of(address)
        body = msgspec.json.encode(self._table.spent(), order="sorted")
        about = ObjectMetadata(content_type="application/json", metadata={MADE_BY: OURS, HOPS: "1"})
        known = find_object(store, address, deadline)
        try:
            store.write(address, body, about, deadline, replaces=known.version if known else None)
        except ChangedError:
            _logger.debug("Another process has written the usage of this container.")

    def _others(self, deadline: Deadline) -> dict[str, float]:
        """The core-seconds of today in other instances. What has not changed is not read again."""
        total: Counter[str] = Counter()
        seen = {}
        for address, stamp in self._listed(f"{_today()}/", deadline):
            if address.key.endswith(f"/{self._table.instance}.json"):
                continue
            known = self._read.get(address.key)
            spent = known[1] if known and known[0] == stamp else self._usage_in(address, deadline)
            seen[address.key] = (stamp, spent)
            for name, seconds in spent.items():
                total[name] += seconds  # type: ignore[assignment] # a Counter of seconds
        self._read = seen
        return dict(total)

    def _usage_in(self, address: Address, deadline: Deadline) -> dict[str, float]:
        try:
            data = self._storage.stores.of(address).read(address, deadline).all(_MAX_BYTES)
            found = msgspec.json.decode(bytes(data), type=dict[str, float])
        except (NoObjectError, ChangedError, msgspec.MsgspecError, ValueError):
            return {}
        return {name: seconds for name, seconds in found.items() if _is_name(name) and seconds >= 0}

    def _tidy(self) -> None:
        """Once a day, delete what was written before yesterday."""
        today = _today()
        if self._tidied == today:
            return
        self._tidied = today
        deadline = Deadline(_CALL_SECONDS)
        for address, _ in self._listed("", deadline):
            day = address.key.removesuffix("/" + address.key.rpartition("/")[2]).rpartition("/")[2]
            if day.isdigit() and int(day) < today - 1:
                store = self._storage.stores.of(address)
                if stat := find_object(store, address, deadline):
                    store.delete(address, stat.version, deadline)

    def _listed(self, below: str, deadline: Deadline) -> Iterator[tuple[Address, tuple[float, int]]]:
        prefix = self._address(below)
        for entry in self._storage.stores.of(prefix).list(prefix, deadline):
            yield entry.address, (entry.modified, entry.size)

    def _address(self, name: str) -> Address:
        folder = self._results.key.rstrip("/")
        return self._results.at(f"{folder}/keys/usage/{name}" if folder else f"keys/usage/{name}")


def _today() -> int:
    return int(time.time() // DAY_SECONDS)


def _is_name(text: str) -> bool:
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)
