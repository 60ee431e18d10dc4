"""A process that writes or deletes one object, and kills itself (SIGKILL) before its Nth call that changes anything."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.limits import Deadline
from storage.address import Address
from storage.facts import ObjectMetadata
from storage.options import Options
from storage.registry import Stores

BUCKET = "contract"
CHANGES = ("open", "write", "utime", "setxattr", "fsync", "mkdir", "link", "rename", "unlink")
"""What `storage.folders`, `storage.attributes` and `storage.schemes.file` change a disk with."""
NEW = b"new" * 200_000


class Countdown:
    """Counts the calls of functions of `os`, and kills the process before one of them."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.count = 0

    def watch(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)
            self.count += 1
            return function(*args, **kwargs)

        return counted


def child(root: Path, key: str, act: str, last: int) -> None:
    """Do it; the exit code is the number of such calls, if it lives to the end."""
    address = Address("file", BUCKET, key)
    store = Stores(Options(root=root)).of(address)
    version = store.read(address, Deadline(60)).stat.version if act != "create" else None
    countdown = Countdown(last)
    for name in CHANGES:
        setattr(os, name, countdown.watch(getattr(os, name)))
    if act == "delete":
        store.delete(address, version or "", Deadline(60))
    else:
        store.write(address, NEW, ObjectMetadata(metadata={"is": "new"}), Deadline(60), replaces=version)
    os._exit(countdown.count)
