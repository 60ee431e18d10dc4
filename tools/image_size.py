"""How large a built image is: beside its base, and beside the packages that requirements.txt installs in it.

python -m tools.image_size IMAGE [IMAGE WITHOUT VISION]

Needs buildah, which sees images that Docker built too once they are pulled from it (see `make image-test`). Exit code 1
if what the image adds to its base is more than 1.15 times the packages, or if the second image, built with VISION=no,
is more than 0.75 of the first.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name

MOST = 1.15
MOST_WITHOUT_VISION = 0.75
SWITCHES = {"VISION": ("openvino", "openvino-telemetry"), "JXL": ("imagecodecs",)}
"""The packages that the Dockerfile leaves out where a switch of it is `no`."""
OF_FORMATS = ("pillow", "pi-heif", "simplejpeg", "webp", "deflate")
"""Other packages that read and write formats."""
_MIB = 2**20
ADDED = ("opt/venv", "srv/darkroom")
"""The folders that the Dockerfile adds to its base."""


class Sizes(NamedTuple):
    """Bytes of files, each counted once: the whole image, what it adds to its base, and what packages say they are.

    The latter is what was installed, before tools/unused.py took out what nobody loads.
    """

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
    """What each package's RECORD says its files have, bytecode excepted."""
    for record in _records(venv):
        yield from (size for _, size in _rows(record))


def bytes_of_packages(venv: Path) -> dict[str, int]:
    """How many bytes are there of each package, by its name on PyPI, bytecode excepted."""
    found: dict[str, int] = {}
    for record in _records(venv):
        there = (record.parent.parent / name for name, _ in _rows(record))
        name = canonicalize_name(record.parent.name.split("-")[0])
        found[name] = sum(path.stat().st_size for path in there if path.is_file())
    return found


def _records(venv: Path) -> Iterator[Path]:
    return venv.glob("lib/python*/site-packages/*.dist-info/RECORD")


def _rows(record: Path) -> Iterator[tuple[str, int]]:
    """The files of a package and their bytes, bytecode and the record itself excepted.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    with record.open(newline="") as lines:
        yield from ((row[0], int(row[2])) for row in csv.reader(lines) if row[2] and not row[0].endswith(".pyc"))


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


def told_of_packages(found: Mapping[str, int]) -> str:
    """What each switch of the build leaves out, and what the other packages of formats have, on a line each."""

    def row(names: Iterable[str]) -> str:
        return ", ".join(f"{name} {found[name] / _MIB:.1f} MiB" for name in names if name in found) or "nothing"

    switches = [f"{switch}=no leaves out {row(names)}" for switch, names in SWITCHES.items()]
    return "\n".join([*switches, f"other formats: {row(OF_FORMATS)}"])


def main() -> int:
    """The exit code."""
    if len(sys.argv) not in {2, 3}:
        sys.exit(__doc__)
    measured = []
    for image in sys.argv[1:]:
        with mounted(image) as root:
            measured.append(sizes_of(root))
            print(told(image, measured[-1]), told_of_packages(bytes_of_packages(root / ADDED[0])), sep="\n")
    share = measured[-1].whole / measured[0].whole
    if len(measured) == 2:
        print(f"without vision: {share:.3f} of the whole (at most {MOST_WITHOUT_VISION})")
    too_much = share > MOST_WITHOUT_VISION and len(measured) == 2
    return int(too_much or any(sizes.ratio > MOST for sizes in measured))


if __name__ == "__main__":
    sys.exit(main())
