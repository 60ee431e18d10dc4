"""How large a built image is: beside its base, and beside the packages that requirements.txt installs in it.

python -m tools.image_size IMAGE

Needs buildah, which sees images that Docker built too once they are pulled from it (see `make image-test`). Exit code 1
if what the image adds to its base is more than 1.15 times the packages.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MOST = 1.15
_MIB = 2**20
ADDED = ("opt/venv", "srv/darkroom")
"""The folders that the Dockerfile adds to its base."""


class Sizes(NamedTuple):
    """Bytes of files, each counted once: the whole image, what it adds to its base, and what packages say they are."""

    whole: int
    added: int
    packages: int

    @property
    def ratio(self) -> float:
        """What the image adds, to the packages."""
        return self.added / self.packages


def sizes_of(root: Path) -> Sizes:
    """The sizes of an image whose files are below a folder."""
    seen: set[tuple[int, int]] = set()
    whole = sum(_sizes(root, seen))
    seen.clear()
    added = sum(size for folder in ADDED for size in _sizes(root / folder, seen))
    return Sizes(whole, added, sum(_recorded(root / ADDED[0])))


def _sizes(folder: Path, seen: set[tuple[int, int]]) -> Iterator[int]:
    """The size of each file below a folder, without following links."""
    for path, _, names in os.walk(folder):
        for name in names:
            about = os.lstat(os.path.join(path, name))  # noqa: PTH118 - half a hundred thousand of them
            if (about.st_dev, about.st_ino) not in seen:
                seen.add((about.st_dev, about.st_ino))
                yield about.st_size


def _recorded(venv: Path) -> Iterator[int]:
    """What each package's RECORD says its files have, bytecode excepted.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    for record in venv.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        with record.open(newline="") as lines:
            yield from (int(row[2]) for row in csv.reader(lines) if row[2] and not row[0].endswith(".pyc"))


@contextmanager
def mounted(image: str) -> Iterator[Path]:
    """The folder of an image's files, for as long as it is needed. CalledProcessError if there is no such image."""
    container = buildah("from", "--pull-never", image)
    try:
        yield Path(buildah("mount", container))
    finally:
        buildah("umount", container)
        buildah("rm", container)


def buildah(*words: str) -> str:
    """What buildah prints. CalledProcessError."""
    environment = {"STORAGE_DRIVER": "vfs", **os.environ}
    return subprocess.run(
        ["buildah", *words], env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def told(image: str, sizes: Sizes) -> str:
    """The sizes on one line."""
    parts = [
        f"{what} {size / _MIB:.0f} MiB"
        for what, size in zip(("whole", "less its base", "packages"), sizes, strict=True)
    ]
    return f"{image}: {', '.join(parts)}; {sizes.ratio:.3f} of the packages (at most {MOST})"


def main() -> int:
    """The exit code."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with mounted(sys.argv[1]) as root:
        sizes = sizes_of(root)
    print(told(sys.argv[1], sizes))
    return int(sizes.ratio > MOST)


if __name__ == "__main__":
    sys.exit(main())
