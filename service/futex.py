"""Waiting for another thread or process to change a number in shared memory, by Linux's futex(2).

Python has no condition that forked processes share and that a killed process cannot leave locked.
Source: https://man7.org/linux/man-pages/man2/futex.2.html.
"""

import ctypes
import os
import time

_NUMBERS = {"x86_64": 202, "aarch64": 98}
"""The system call's number by machine, as <asm/unistd.h> has it; elsewhere waiting polls."""
_NUMBER = _NUMBERS.get(os.uname().machine)
_WAIT, _WAKE = 0, 1
_POLL = 0.01


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


_syscall = ctypes.CDLL(None).syscall
_syscall.argtypes = [ctypes.c_long, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p]


def wait(address: int, expected: int, seconds: float) -> None:
    """Sleep while the 32-bit number at an address is `expected`, for at most so many seconds; it may wake early."""
    if _NUMBER is None:
        time.sleep(min(seconds, _POLL))
        return
    whole = int(seconds)
    timeout = _Timespec(whole, int((seconds - whole) * 1e9))
    _syscall(_NUMBER, address, _WAIT, expected, ctypes.addressof(timeout))


def wake(address: int) -> None:
    """Wake whoever waits for the number at an address, which has changed."""
    if _NUMBER is not None:
        _syscall(_NUMBER, address, _WAKE, 2**31 - 1, None)
