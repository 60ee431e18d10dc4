"""Compares what we read with a browser, OpenCV and Pillow, over real files; prints each difference, and who is right.

    python -m tests.judges [--only GLOB] [FOLDER...]

Leaves with 1 if there is a difference on whose side no browser is, and which `verdicts` does not know.
"""

import argparse
import sys
from pathlib import Path

from tests.conftest import DATA
from tests.judges import browser
from tests.judges.comparing import Judged, judged
from tests.judges.verdicts import known

FOLDERS = ("formats", "more", "images", "exif")


def files(folders: list[str], only: str) -> list[Path]:
    """The files below some folders of the shared data."""
    found = (path for folder in folders for path in sorted((DATA / folder).rglob("*")))
    return [path for path in found if path.is_file() and path.match(only)]


def main() -> int:
    """All files, one line for each difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=FOLDERS)
    parser.add_argument("--only", default="*", metavar="GLOB")
    asked = parser.parse_args()
    unknown = alike = 0
    found = files(list(asked.folders), asked.only)
    with browser.opened() as seeing:
        for path in found:
            name = path.relative_to(DATA).as_posix()
            result: Judged = judged(path.read_bytes(), seeing)
            why = f"{result.agreed} agrees with us" if result.agreed else known(name)
            alike += not result.differs
            if result.differs:
                print(f"{name}: {result.told()}{' | ' + why if why else ' | UNKNOWN'}", flush=True)
                unknown += not why
    print(f"{len(found)} files, {alike} alike for all who read them, {unknown} differences that nobody explained")
    return int(unknown > 0)


if __name__ == "__main__":
    sys.exit(main())
