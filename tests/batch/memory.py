"""The memory of a batch: all of its processes together, as the kernel shares it out (PSS).

Of anonymous memory alone: the share of libraries' files depends on who else on this machine has them open.
"""

import re
import time
from pathlib import Path

from tests.batch.support import children, command, finish, start


def most_memory(source: Path, target: Path) -> int:
    """Process a batch, and return the most memory of its own that it held at a time, bytes."""
    process = start(command(source, target))
    most = 0
    while process.poll() is None:
        most = max(most, sum(map(_pss, [process.pid, *children(process.pid)])))
        time.sleep(0.2)
    finish(process, 0, 1)
    return most


def _pss(pid: int) -> int:
    try:
        found = re.search(r"^Pss_Anon: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
