"""libvips beside us, run by the Python of .venv-peers: one JSON list a line on stdin, the answer on stdout.

["encode", format, quality, the place of a PNG, where the file goes] gives CPU seconds without reading the PNG;
["decode", the place of a file, how often] the CPU seconds of all times.
"""

import json
import sys
import time
from pathlib import Path

import pyvips

SUFFIXES = {"jpeg": ".jpg", "webp": ".webp", "avif": ".avif"}
"""What the wheel of libvips writes; it has no JPEG XL."""


def _encode(name: str, quality: int, source: str, target: str) -> float:
    picture = pyvips.Image.new_from_file(source).copy_memory()
    start = time.process_time()
    made = picture.write_to_buffer(SUFFIXES[name], Q=quality)
    seconds = time.process_time() - start
    Path(target).write_bytes(made)
    return seconds


def _decode(source: str, times: int) -> float:
    data = Path(source).read_bytes()
    start = time.process_time()
    for _ in range(times):
        pyvips.Image.new_from_buffer(data, "").write_to_memory()
    return time.process_time() - start


def main() -> None:
    """Answer until nobody asks."""
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(_encode(*arguments) if name == "encode" else _decode(*arguments)), flush=True)


if __name__ == "__main__":
    main()
