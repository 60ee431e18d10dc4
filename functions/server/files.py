"""How many files a process may have open: each connection is one."""

import resource
from contextlib import suppress

_SPARE = 256
"""Files that are no connections: models, the catalog, objects, sockets to clouds."""


def allow_files(connections: int) -> int:
    """Raise this process's limit for so many connections, as far as the system lets it; how many there may be."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = connections + _SPARE
    allowed = files if most == resource.RLIM_INFINITY else min(files, most)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    return max(1, allowed - _SPARE)
