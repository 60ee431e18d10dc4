"""Name resolution with a deadline, which the system's resolver does not support."""

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
"""Lookups whose deadline passed continue until the resolver gives up."""
_NOBODY = {socket.EAI_NONAME, socket.EAI_NODATA}


def system_resolver(host: str) -> list[str]:
    """The addresses from the system's resolver, in its order."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_addresses(host: str, resolver: Resolver, deadline: Deadline) -> list[str]:
    """The addresses of a host, resolved once and all checked. NotPublicError, NoBucketError."""
    found = _resolved(host, resolver, deadline)
    if not found:
        raise NoBucketError(f'There is no host "{host}".')
    if any(refused(ip) for ip in found):
        raise NotPublicError(f'"{host}" is not on the public web.')
    return found


def _resolved(host: str, resolver: Resolver, deadline: Deadline) -> list[str]:
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()
    if not _AT_ONCE.acquire(timeout=deadline.remaining()):
        raise SlowError(f'The deadline passed before "{host}" was resolved.')
    threading.Thread(target=_ask, args=(host, resolver, answers), daemon=True).start()
    try:
        found = answers.get(timeout=deadline.remaining())
    except Empty:
        raise SlowError(f'The deadline passed before "{host}" was resolved.') from None
    if isinstance(found, OSError):
        if found.errno in _NOBODY:
            raise NoBucketError(f'There is no host "{host}".')
        raise UnreachableError(f'"{host}" cannot be resolved.')
    return found


def _ask(host: str, resolver: Resolver, answers: "SimpleQueue[list[str] | OSError]") -> None:
    try:
        answers.put(resolver(host))
    except (OSError, UnicodeError) as error:
        answers.put(error if isinstance(error, OSError) else OSError(socket.EAI_NONAME, "no name"))
    finally:
        _AT_ONCE.release()
