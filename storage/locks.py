"""Locks among processes on one machine: a process that is killed releases its own."""

import fcntl


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock of an open file, which lasts until it is closed; False if another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
