"""The key of a server: from a file or the environment, never from the command line, which others can read."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

_PREFIX = "dk_"


class BadKeyError(ValueError):
    """What should be a key is none. The message does not repeat it."""


def find_key(file: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The key in `file`, else DARKROOM_KEY, else the key in the file that DARKROOM_KEY_FILE names; None without one.

    BadKeyError; OSError if a file cannot be read.
    """
    if file is None and environ.get("DARKROOM_KEY"):
        return checked_key(environ["DARKROOM_KEY"], "DARKROOM_KEY")
    named = file or environ.get("DARKROOM_KEY_FILE")
    return checked_key(Path(named).read_text("utf-8-sig", "replace"), str(named)) if named else None


def exposed_file(file: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The file that `find_key` reads, if other users of this machine may read it too. OSError."""
    if file is None and environ.get("DARKROOM_KEY"):
        return None
    named = file or environ.get("DARKROOM_KEY_FILE")
    exposed = named and os.name == "posix" and Path(named).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    return str(named) if exposed else None


def checked_key(text: str, where: str) -> str:
    """The key without the white space around it. BadKeyError."""
    key = text.strip()
    if not key or len(key) > 8192 or not key.isascii() or not key.isprintable() or " " in key:
        raise BadKeyError(f"{where} has no key: it should be one line that begins with {_PREFIX}.")
    return key


def headers_of(key: str | None) -> dict[str, str]:
    """The header that carries a key, or a token of the server's issuer."""
    if key is None:
        return {}
    return {"X-Api-Key": key} if key.startswith(_PREFIX) else {"Authorization": f"Bearer {key}"}
