"""Calls of stores as metrics and as parts of a trace."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from core.errors import DarkroomError
from service.timing import current_timings
from service.watch.metrics import Metrics
from storage.retry import ON_RETRY
from storage.watched import StoreWatch

_ABSENT = {"no_object"}
"""Codes of answers that are no failure: whoever looks whether something is there may hear that it is not."""


def store_watch(metrics: Metrics | None, *, traced: bool) -> StoreWatch | None:
    """What each call of a store runs in; None if nobody wants to know."""
    if metrics is None:
        return _traced if traced else None

    def watch(scheme: str, operation: str) -> AbstractContextManager[None]:
        return _counted(metrics, scheme, operation, traced=traced)

    return watch


def _traced(scheme: str, operation: str) -> AbstractContextManager[None]:
    return current_timings().detail(f"storage {operation}", **{"darkroom.storage.scheme": scheme})


@contextmanager
def _counted(metrics: Metrics, scheme: str, operation: str, *, traced: bool) -> Iterator[None]:
    outcome, began = "ok", time.perf_counter()
    token = ON_RETRY.set(metrics.of.storage_retries.labels(scheme, operation).inc)
    try:
        with _traced(scheme, operation) if traced else nullcontext():
            yield
    except DarkroomError as error:
        outcome = error.code
        raise
    except BaseException:
        outcome = "unexpected"
        raise
    finally:
        ON_RETRY.reset(token)
        metrics.of.storage_operations.labels(scheme, operation, "absent" if outcome in _ABSENT else outcome).inc()
        metrics.of.storage_seconds.labels(scheme, operation).observe(time.perf_counter() - began)
