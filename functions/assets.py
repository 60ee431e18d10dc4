"""Where the pages' own files are: below an address that changes with them, so that browsers may keep them for good."""

import re
from functools import cache
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "pages" / "static"
_VERSION = re.compile("[0-9a-f]{12}")


def address(name: str) -> str:
    """The address of a file, relative to a page. What a script or a style names beside itself has the same version."""
    return f"ui/{assets_version()}/{name}"


@cache
def assets_version() -> str:
    """A digest over all files, the same in every process that has them: 8 ms, the first time that a page is shown."""
    digest = sha256()
    for path in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0")
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def versioned(filename: str) -> tuple[str, bool]:
    """The name of the file that is asked for, and whether by the version that it has.

    Another version is asked for by a page from before an upgrade, or one of the next version that met an older process:
    it gets the file there is, which nobody may keep.
    """
    first, slash, rest = filename.partition("/")
    if not slash or not _VERSION.fullmatch(first):
        return filename, False
    return rest, first == assets_version()
