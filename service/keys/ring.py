"""The keys that a server knows, followed while it runs: a key that is revoked in the file is soon refused."""

import logging
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from service.errors import ExpiredKeyError, KeysUnreadableError, WrongKeyError
from service.keys.file import KeyFileError, parse_keys, read_key_file
from service.keys.key import SECRET, Key, digest_of_key

CHECK_SECONDS = 2.0
"""How often the file's time and size are looked at, at most."""
GRACE_SECONDS = 20.0
"""How long the last good keys are trusted while the file cannot be read: an editor may be saving it."""
_logger = logging.getLogger("darkroom")
_Stamp = tuple[int, int, int]


class KeyRing:
    """Keys from a file that is followed, or from a text that stays. Thread-safe; each process follows for itself."""

    def __init__(self, path: Path | None, keys: dict[str, Key]) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._next_check = 0.0
        self._read_at = time.monotonic()
        self._fails = False
        self._lock = threading.Lock()
        self._set(keys)

    @classmethod
    def open(cls, setting: str) -> "KeyRing":
        """The keys that DARKROOM_KEYS names: a file's path, or the JSON itself. KeyFileError, OSError."""
        if setting.lstrip("\ufeff\t\r\n ").startswith("{"):
            return cls(None, parse_keys(setting))
        path = Path(setting)
        stamp = _stamp(path)
        ring = cls(path, read_key_file(path))
        ring._stamp = stamp
        return ring

    def find(self, text: str) -> Key:
        """The key that was sent. WrongKeyError, ExpiredKeyError (401), KeysUnreadableError (503).

        It is looked up by its SHA-256, so how long that takes tells nothing about keys that are similar.
        """
        self._follow()
        if not SECRET.fullmatch(text):
            raise WrongKeyError("This is not a key of this server: keys begin with dk_ and have 46 characters.")
        return _usable(self._by_digest.get(digest_of_key(text)))

    def by_id(self, id: str) -> Key:  # noqa: A002
        """The key of this id, for a session that began with it. Errors as in `find`."""
        self._follow()
        return _usable(self._by_id.get(id))

    def _set(self, keys: dict[str, Key]) -> None:
        self._by_digest, self._by_id = keys, {key.id: key for key in keys.values()}

    def _follow(self) -> None:
        """Read the file again if it has changed."""
        now = time.monotonic()
        if self._path is not None and now >= self._next_check and self._lock.acquire(blocking=False):
            try:
                self._next_check = now + CHECK_SECONDS
                self._read_if_changed(self._path, now)
            finally:
                self._lock.release()
        if self._fails and now - self._read_at > GRACE_SECONDS:
            raise KeysUnreadableError

    def _read_if_changed(self, path: Path, now: float) -> None:
        try:
            stamp = _stamp(path)  # before the file is read: what changes meanwhile is read next time
            if stamp != self._stamp:
                self._set(read_key_file(path))
                self._stamp = stamp
            self._read_at, self._fails = now, False
        except (OSError, KeyFileError) as error:
            if not self._fails:
                self._fails = True
                why = error.strerror if isinstance(error, OSError) else error
                _logger.error(  # noqa: TRY400 - the traceback says nothing more
                    "DARKROOM_KEYS cannot be read (%s); all keys are refused from %d s after it was last read.",
                    why, GRACE_SECONDS,
                )  # fmt: skip
            self._stamp = None


def _stamp(path: Path) -> _Stamp:
    """What changes when a file is replaced or written; of what a link leads to."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _usable(key: Key | None) -> Key:
    if key is None or key.revoked is not None:
        raise WrongKeyError("This key is not known to this server, or was revoked.")
    if key.is_expired(datetime.now(UTC)):
        raise ExpiredKeyError("This key has expired; its issuer can make a new one.")
    return key
