"""A host's addresses, by a deadline: the system's resolver has none of its own."""

import socket
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from core.limits import Deadline
from storage.errors import NoBucketError, NotPublicError, SlowError, UnreachableError
from storage.web.guard import refused

Resolver = Callable[[str], list[str]]
"""All addresses of a host. OSError."""

_AT_ONCE = threading.BoundedSemaphore(32)
"""Look-ups whose deadline passed go on until the resolver gives up."""
_NOBODY = {socket.EAI_NONAME, socket.EAI_NODATA}


def system_resolver(host: str) -> list[str]:
    """What the system's resolver says, in its order."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_addresses(host: str, resolver: Resolver, deadline: Deadline) -> list[str]:
    """The addresses of a host, looked up once and every one of them looked at. NotPublicError, NoBucketError."""
    found = _resolved(host, resolver, deadline)
    if not found:
        raise NoBucketError(f"There is no host «{host}».")
    if any(refused(ip) for ip in found):
        raise NotPublicError(f"«{host}» is not on the public web.")
    return found


def _resolved(host: str, resolver: Resolver, deadline: Deadline) -> list[str]:
    told: SimpleQueue[list[str] | OSError] = SimpleQueue()
    if not _AT_ONCE.acquire(timeout=deadline.remaining()):
        raise SlowError(f"The time was over before «{host}» was looked up.")
    threading.Thread(target=_ask, args=(host, resolver, told), daemon=True).start()
    try:
        found = told.get(timeout=deadline.remaining())
    except Empty:
        raise SlowError(f"The time was over before «{host}» was found.") from None
    if isinstance(found, OSError):
        if found.errno in _NOBODY:
            raise NoBucketError(f"There is no host «{host}».")
        raise UnreachableError(f"«{host}» cannot be looked up.")
    return found


def _ask(host: str, resolver: Resolver, told: "SimpleQueue[list[str] | OSError]") -> None:
    try:
        told.put(resolver(host))
    except (OSError, UnicodeError) as error:
        told.put(error if isinstance(error, OSError) else OSError(socket.EAI_NONAME, "no name"))
    finally:
        _AT_ONCE.release()
