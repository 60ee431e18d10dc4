"""The file of the keys: `{"keys": [...]}` in JSON, read strictly and replaced in one step."""

import fcntl
import os
import secrets
import stat
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from service.keys.key import Key

MAX_KEYS = 1000
_MAX_BYTES = 4 * 2**20
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MODE = 0o600


class KeyFileError(ValueError):
    """The file's text is not a list of keys; the message says where, and never shows what is there."""


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[Key]


def parse_keys(text: str | bytes) -> dict[str, Key]:
    """The keys by their SHA-256; a byte order mark, as some editors write it, is passed over. KeyFileError."""
    data = (text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text).removeprefix(_BOM)
    if not data.strip():
        raise KeyFileError("it is empty")
    if data.startswith(_UTF_16):
        raise KeyFileError("it is in UTF-16; save it as UTF-8")
    try:
        keys = msgspec.json.decode(data, type=_Document).keys
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise KeyFileError(str(error)) from None
    if len(keys) > MAX_KEYS:
        raise KeyFileError(f"there are {len(keys)} keys; at most {MAX_KEYS} are read")
    for what, values in {"id": [key.id for key in keys], "sha256": [key.sha256 for key in keys]}.items():
        if twice := [value for value, count in Counter(values).items() if count > 1]:
            raise KeyFileError(f"two keys have the {what} {twice[0][:16]}")
    return {key.sha256: key for key in keys}


def read_key_file(path: Path) -> dict[str, Key]:
    """The keys of a file by their SHA-256. KeyFileError, OSError."""
    about = path.stat()
    if not stat.S_ISREG(about.st_mode) and not stat.S_ISDIR(about.st_mode):  # a device may never end, a pipe not begin
        raise KeyFileError("it is no regular file")
    if about.st_size > _MAX_BYTES:
        raise KeyFileError(f"it has {about.st_size} bytes; at most {_MAX_BYTES} are read")
    return parse_keys(path.read_bytes())


def update_key_file(path: Path, change: Callable[[list[Key]], list[Key]]) -> None:
    """Replace the keys of a file by what `change` makes of them; a missing file has none. KeyFileError, OSError.

    Two commands at once wait for each other, a server never reads half a file, and only its owner may read it.
    """
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        keys = change(list(read_key_file(path).values()) if path.exists() else [])
        text = _text_of(keys)
        parse_keys(text)
        _replace(path, text)
        os.fsync(folder)
    finally:
        os.close(folder)


def _text_of(keys: Iterable[Key]) -> bytes:
    return msgspec.json.format(msgspec.json.encode({"keys": list(keys)}), indent=2) + b"\n"


def write_secret(path: Path, text: bytes) -> None:
    """Create a file that only its owner may read. FileExistsError if there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _replace(path: Path, text: bytes) -> None:
    path = path.resolve()  # a link stays one
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        write_secret(partial, text)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
