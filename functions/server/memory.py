"""How the C library hands memory out: pictures are large and short-lived, which its defaults serve badly."""

import ctypes
import gc

_MEBIBYTE = 1024 * 1024
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3), as <malloc.h> numbers them."""


def keep_pictures_mapped() -> bool:
    """Let freed pictures be used again instead of going back to the kernel; False where the C library has no such knob.

    By default glibc maps each array of a thread anew, and the kernel clears every page of it: a fifth of the time of a
    2-megapixel blur. One arena is enough, since Python's own lock serialises what is small. At most 128 MiB that nobody
    uses stay with the process. Source: https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wanted = {_ARENA_MAX: 1, _MMAP_THRESHOLD: 32 * _MEBIBYTE, _TRIM_THRESHOLD: 128 * _MEBIBYTE}
    return all(mallopt(parameter, value) == 1 for parameter, value in wanted.items())


def spare_the_collector() -> None:
    """Leave what was imported out of garbage collection, and collect less often.

    A full collection walks every object of every library: a tenth of a request's own work, while our requests make no
    cycles worth the walk. Called once, before the workers are forked, so that their pages stay shared.
    Source: https://docs.python.org/3/library/gc.html#gc.freeze.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
