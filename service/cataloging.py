"""The server's catalog, and the rows that are written to it."""

import logging
import os
import re
import threading
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec

from catalog.base import Catalog
from catalog.describe import PIPELINE, describe
from catalog.row import Row, State
from catalog.row import StoredOutput as Stored
from core.identity import sha256
from core.output import Output
from core.pipeline import Pipeline
from core.process import Result
from service.processor import Processor
from service.settings import Settings
from storage.address import Address
from storage.facts import Stat

FILE = "catalog.sqlite"
NAME = "original-name"
"""Object metadata: the name a picture was uploaded with, percent-encoded, where the server chose its key."""
CLOUDS = ("K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME")
"""Variables that are set in a cloud, where the disk is not persistent."""
_KEY_PREFIX = re.compile(r"\A[0-9a-f]{32}-")
"""What a key that the server chose begins with."""
_MAX_NAME, _MAX_QUOTED = 200, 1300
_logger = logging.getLogger("darkroom")


def measures_output(name: str = "catalog") -> Output:
    """The measures of a row as one more output, so that a caller that makes other outputs decodes only once."""
    return Output(name=name, pipeline=Pipeline.parse(PIPELINE), format="png", image=False)


def row_of(
    processor: Processor,
    address: Address,
    stat: Stat,
    data: bytes,
    *,
    outputs: Iterable[Stored] = (),
    state: State = "ready",
) -> Row:
    """Decode a picture once a core is free, measure it, and return its row. Errors: all of core/errors.py.

    `stat` is of the version that `data` was read from. QueueFullError (429) if no core becomes free.
    """
    (result,) = processor.process(data, processor.probe(data), [measures_output(name="")], processor.context())
    return row_from(address, stat, data, result, outputs=outputs, state=state)


def row_from(
    address: Address, stat: Stat, data: bytes, result: Result, *, outputs: Iterable[Stored] = (), state: State = "ready"
) -> Row:
    """The row of a picture that has been measured already, as one of several outputs."""
    origin = result.origin
    facts = {"format": origin.format, "width": origin.size.width, "height": origin.size.height, "bytes": len(data)}
    row = describe(str(address), stat.version, sha256(data), facts, result.findings(), outputs=outputs, state=state)
    name = plain_name(unquote(stat.about.metadata.get(NAME, ""))) or _KEY_PREFIX.sub("", row.name)
    return msgspec.structs.replace(row, name=name)


def plain_name(text: str) -> str:
    """The last part of a file name as its sender wrote it, without control characters; it may be empty."""
    last = text.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(char for char in last if unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"})
    return unicodedata.normalize("NFC", printable).strip()[:_MAX_NAME]


def name_metadata(name: str) -> dict[str, str]:
    """The metadata that records a name; empty if it is too long for some stores."""
    text = quote(name, safe=" ()+,;=@!~'")
    return {NAME: text} if 0 < len(text) <= _MAX_QUOTED else {}


def open_catalog(settings: Settings) -> Catalog | None:
    """This process's catalog, opened on first use; None if there is none.

    CatalogError (503) if MongoDB does not answer; the next call tries again.
    """
    kind = settings.catalog or ("none" if in_a_cloud() else "sqlite")
    where = {"sqlite": str(settings.data_folder()), "mongo": settings.mongo or "", "none": ""}[kind]
    if (kind, where) not in _catalogs:
        with _lock:
            if (kind, where) not in _catalogs:
                _catalogs[kind, where] = _create(kind, where)
    return _catalogs[kind, where]


def in_a_cloud() -> bool:
    """Whether this runs on a platform whose disk is not persistent."""
    return any(os.environ.get(name) for name in CLOUDS)


def _create(kind: str, where: str) -> Catalog | None:
    """Imported here: a server without a catalog needs neither."""
    if kind == "mongo":
        from catalog.mongo import MongoCatalog

        return MongoCatalog(where)
    return _sqlite(Path(where)) if kind == "sqlite" else None


def _sqlite(folder: Path) -> Catalog | None:
    from catalog.sqlite import SqliteCatalog

    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        _logger.warning("The catalog is off: DARKROOM_DATA is not writable.")
        return None
    return SqliteCatalog(folder / FILE)


_catalogs: dict[tuple[str, str], Catalog | None] = {}
_lock = threading.Lock()


def _after_fork() -> None:
    """A forked process opens its own catalog: it must not share the parent's connections, locks or threads."""
    global _lock  # noqa: PLW0603 - the parent's lock may have been held by a thread that no longer exists
    _inherited.append(dict(_catalogs))  # referenced, so that this process closes nothing of the parent's
    _catalogs.clear()
    _lock = threading.Lock()


_inherited: list[dict[tuple[str, str], Catalog | None]] = []
os.register_at_fork(after_in_child=_after_fork)
