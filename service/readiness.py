"""Whether a process can do its work now: models warm, room in the queue, results and catalog within reach."""

import logging
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
"""Seconds that all questions may take together; probes of platforms wait not much longer."""
_NOWHERE = "ready/none"
"""Below the server's own prefix, and never written: listing it asks the store, and returns nothing."""
_NO_ID = "0" * 32
_logger = logging.getLogger("darkroom")


class _Question:
    """Something outside that is asked whether it is there, in a thread of its own, as no client ends in time for sure.

    The log tells what was wrong; what callers are told holds no address.
    """

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        self._name = name
        self._ask = ask
        self._reasons: list[str] = []
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Ask, unless the last time has not ended."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name=f"ready: {self._name}", daemon=True)
            self._thread.start()

    def reasons(self, until: float) -> list[str]:
        """What is wrong, waited for until a time of `time.monotonic`."""
        if self._thread is not None:
            self._thread.join(max(0.0, until - time.monotonic()))
            if self._thread.is_alive():
                return [f"{self._name} does not answer in time."]
        return self._reasons

    def _run(self) -> None:
        try:
            self._ask()
        except Exception as error:  # noqa: BLE001 - whatever a client raises, it is not within reach
            detail = error.detail if isinstance(error, DarkroomError) else type(error).__name__
            _logger.warning("%s cannot be used: %s", self._name, detail)
            self._reasons = [f"{self._name} cannot be used; the log tells why."]
        else:
            self._reasons = []


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
        self._questions = (
            _Question("The storage of results", self._ask_results), _Question("The catalog", self._ask_catalog),
        )  # fmt: skip

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
                    self._reasons = self._asked()
                    self._valid_until = time.monotonic() + _VALID_SECONDS
            finally:
                self._lock.release()
        return self._reasons

    def _asked(self) -> list[str]:
        """All questions, side by side."""
        until = time.monotonic() + _LONGEST
        for question in self._questions:
            question.begin()
        return [reason for question in self._questions for reason in question.reasons(until)]

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
