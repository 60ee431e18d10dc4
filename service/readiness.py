"""Whether a process can do its work now: models warm, room in the queue, results and catalog within reach."""

import threading
import time
from collections.abc import Callable

from catalog.base import Catalog
from core.errors import DarkroomError
from core.limits import Deadline
from service.admission import Admission
from service.images.repository import below
from service.models.warmup import Warmup
from storage.address import Address
from storage.errors import DeniedError
from storage.registry import Stores

_VALID_SECONDS = 5.0
"""How long an answer of the storage or the catalog counts: a probe every second costs little."""
_LONGEST = 2.0
_NOWHERE = "ready/none"
"""Below the server's own prefix, and never written: listing it asks the store, and returns nothing."""
_NO_ID = "0" * 32


class Readiness:
    """What this process needs to be ready. `results` and `catalog` are None, or give None, if they are not set."""

    def __init__(
        self,
        warmup: Warmup,
        admission: Admission,
        stores: Stores,
        results: Address | None,
        catalog: Callable[[], Catalog | None],
    ) -> None:
        self._warmup = warmup
        self._admission = admission
        self._stores = stores
        self._results = results
        self._catalog = catalog
        self._lock = threading.Lock()
        self._reasons: list[str] = []
        self._valid_until = 0.0

    def reasons(self) -> list[str]:
        """Why the process is not ready, a sentence each; empty if it is."""
        found = [cold] if (cold := self._warmup.reason()) else []
        if self._admission.is_full():
            found.append("All cores are busy and the queue is full.")
        return [*found, *self._outside()]

    def _outside(self) -> list[str]:
        """What is wrong with the storage and the catalog; asked by one thread at a time, and not at each probe."""
        if time.monotonic() >= self._valid_until and self._lock.acquire(blocking=self._valid_until == 0):
            try:
                if time.monotonic() >= self._valid_until:
                    self._reasons = [*self._asked(self._ask_results), *self._asked(self._ask_catalog)]
                    self._valid_until = time.monotonic() + _VALID_SECONDS
            finally:
                self._lock.release()
        return self._reasons

    def _asked(self, ask: Callable[[], None]) -> list[str]:
        try:
            ask()
        except DarkroomError as error:
            return [error.detail]
        return []

    def _ask_results(self) -> None:
        if self._results is None:
            return
        place = below(self._results, f"{_NOWHERE}/")
        try:
            next(iter(self._stores.of(place).list(place, Deadline(_LONGEST))), None)
        except DeniedError:
            return  # it answers; who may list is the operator's choice

    def _ask_catalog(self) -> None:
        catalog = self._catalog()
        if catalog is not None:
            catalog.get(_NO_ID)
