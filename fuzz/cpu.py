"""A limit of CPU time for each input, so that a busy or a stopped machine is no finding.

libFuzzer's own limit goes by the clock. A profiling timer counts what the process uses, and its signal calls C's
`abort`, also in the midst of a library's loop; libFuzzer saves the input as for any other crash.
"""

import ctypes
import signal
from collections.abc import Callable

SECONDS = 10.0


def limited(test: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The test, whose process aborts if one input takes more than `SECONDS` of CPU."""
    library = ctypes.CDLL(None)
    library.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    library.signal.restype = ctypes.c_void_p
    library.signal(signal.SIGPROF, ctypes.cast(library.abort, ctypes.c_void_p))

    def counted(data: bytes) -> None:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        test(data)

    return counted
