"""Warmup: models that are compiled before the server reports that it is ready."""

import logging
import threading
from collections.abc import Callable, Sequence

from core.errors import DarkroomError
from service.errors import NotReadyError

_logger = logging.getLogger("darkroom")


class Warmup:
    """Loads models in a background thread, once per process: what is compiled before a fork is lost after it."""

    def __init__(self, names: Sequence[str], load: Callable[[str], None]) -> None:
        self._missing = dict.fromkeys(names, "loading")
        self._load = load
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start loading, unless this process has already."""
        if self._missing and self._thread is None:
            self._start_thread()

    def check(self) -> None:
        """NotReadyError (503), and another attempt, if a model is still missing."""
        reason = self.reason()
        if reason:
            raise NotReadyError(reason)

    def reason(self) -> str | None:
        """Why models are missing, and another attempt; None if none is."""
        if self._missing:
            self._start_thread()
        missing = dict(self._missing)
        reasons = " ".join(f'"{name}": {reason}.' for name, reason in missing.items())
        return f"Models of DARKROOM_WARM are not loaded. {reasons}" if missing else None

    def _start_thread(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="warmup", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        for name in list(self._missing):
            try:
                self._load(name)
            except DarkroomError as error:
                self._missing[name] = error.detail.rstrip(".")
            except Exception:
                _logger.exception('"%s" could not be loaded', name)
                self._missing[name] = "it could not be loaded; see the server's log"
            else:
                del self._missing[name]
