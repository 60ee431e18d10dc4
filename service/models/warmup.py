"""Models that are compiled before the server says that it is ready."""

import logging
import threading
from collections.abc import Callable, Sequence

from core.errors import DarkroomError
from service.errors import NotReadyError

_logger = logging.getLogger("darkroom")


class Warmup:
    """Loads models in a thread of its own, once a process: what is compiled before a fork is lost behind it."""

    def __init__(self, names: Sequence[str], load: Callable[[str], None]) -> None:
        self._missing = dict.fromkeys(names, "it is being loaded")
        self._load = load
        self._alone = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to load, in this process, if nobody has yet."""
        if self._missing and self._thread is None:
            self._start()

    def check(self) -> None:
        """Raise NotReadyError (503), and try again, where a model is still missing."""
        if self._missing:
            self._start()
        missing = dict(self._missing)
        if missing:
            told = " ".join(f"«{name}»: {reason}." for name, reason in missing.items())
            raise NotReadyError(f"Models that DARKROOM_WARM names are missing. {told}")

    def _start(self) -> None:
        with self._alone:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="warm", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        for name in list(self._missing):
            try:
                self._load(name)
            except DarkroomError as error:
                self._missing[name] = error.detail.rstrip(".")
            except Exception:
                _logger.exception("«%s» could not be loaded", name)
                self._missing[name] = "it could not be loaded; the log knows more"
            else:
                del self._missing[name]
