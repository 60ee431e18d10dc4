"""Memory tuning: the C library's defaults suit large, short-lived pictures badly."""

import ctypes
import gc

_MEBIBYTE = 1024 * 1024
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3), as <malloc.h> numbers them."""


def configure_malloc() -> bool:
    """Reuse the memory of freed pictures instead of returning it to the kernel; False if there is no mallopt.

    By default glibc maps each array of a thread again, and the kernel clears all of its pages: a fifth of the time of a
    2-megapixel blur. One arena is enough, since Python's own lock serialises small allocations. At most 128 MiB of
    unused memory stay with the process. Source: https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    options = {_ARENA_MAX: 1, _MMAP_THRESHOLD: 32 * _MEBIBYTE, _TRIM_THRESHOLD: 128 * _MEBIBYTE}
    return all(mallopt(parameter, value) == 1 for parameter, value in options.items())


def freeze_imports() -> None:
    """Exclude imported objects from garbage collection, and have a full collection seldom.

    It visits every object of every library: a tenth of a request's own work, while requests create few cycles. The
    small collections stay small, since each holds Python's lock: those of 50,000 objects took 30 to 40 ms.
    Called once, before the workers are forked, so that their pages stay shared. What imports left is not collected
    first: it is little, and looking for it takes 40 ms of the start.
    Source: https://docs.python.org/3/library/gc.html#gc.freeze.
    """
    gc.freeze()
    gc.set_threshold(5_000, 50, 50)
