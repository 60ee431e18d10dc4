"""Measure and write docs/benchmarks.md; measuring one part leaves the others unchanged.

python -m bench [PART]        one of PARTS; all of them without it

Exit code 1 if a target is missed; the table says which.
"""

import argparse
import os
import platform
import re
import signal
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import cv2

from bench import (
    buckets,
    catalog,
    cost,
    curves,
    formats,
    http,
    imports,
    keys,
    live,
    memory,
    pages,
    plan,
    render,
    sight,
    start,
    watch,
    worker,
)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
PARTS: dict[str, Callable[[], tuple[str, bool]]] = {
    "http": http.run,
    "memory": memory.run,
    "formats": formats.run,
    "cost": cost.run,
    "curves": curves.run,
    "imports": imports.run,
    "sight": sight.run,
    "catalog": catalog.run,
    "buckets": buckets.run,
    "render": render.run,
    "worker": worker.run,
    "keys": keys.run,
    "live": live.run,
    "pages": pages.run,
    "plan": plan.run,
    "start": start.run,
    "watch": watch.run,
}
_INTRO = """# Benchmarks

Made by `make bench`: ratios of both sides of one run, so that they mean something on another machine.
"""


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=PARTS)
    selected = parser.parse_args().part
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the measured server is stopped too
    cv2.setNumThreads(1)  # threads of OpenCV would be copied by the fork of the plain loop, and hang there
    met = True
    for part in [selected] if selected else PARTS:
        text, good = PARTS[part]()
        met = met and good
        print(text)
        write(part, f"{text}\nMeasured on {machine()}.\n")
    return int(not met)


def write(part: str, text: str) -> None:
    """Replace the section between a part's marks; the marks are comments that no reader sees."""
    page = PAGE.read_text() if PAGE.is_file() else _INTRO
    page += "".join(f"\n<!-- {p} -->\n<!-- /{p} -->\n" for p in (*PARTS, part) if f"<!-- {p} -->" not in page)
    section = f"<!-- {part} -->\n{text}<!-- /{part} -->"
    PAGE.write_text(re.sub(f"<!-- {part} -->.*<!-- /{part} -->", lambda _: section, page, flags=re.DOTALL))


def machine() -> str:
    """What the figures are of."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory_kib = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return ", ".join([
        model[1].strip() if model else platform.machine(),
        f"{len(os.sched_getaffinity(0))} cores",
        f"{int(memory_kib[1]) / 2**20:.0f} GiB" if memory_kib else "",
        f"Python {platform.python_version()}",
        f"OpenCV {version('opencv-python-headless')}",
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
