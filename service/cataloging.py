"""The server's catalog, and the rows that go into it."""

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
from core.pipeline import Pipeline
from core.process import Output, Result
from service.processor import Processor
from service.settings import Settings
from storage.address import Address
from storage.facts import Stat

FILE = "catalog.sqlite"
NAME = "original-name"
"""Metadata of an object: the name that a picture came with, percent-encoded, where its key is of our choosing."""
CLOUDS = ("K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME")
"""Variables that say that this is a cloud, whose disk is not kept."""
_OURS = re.compile(r"\A[0-9a-f]{32}-")
"""How a key of our choosing begins."""
_LONGEST_NAME, _LONGEST_QUOTED = 200, 1300
_logger = logging.getLogger("darkroom")


def measures_output(name: str = "catalog") -> Output:
    """The measures of a row as one more output, so that who makes other outputs too decodes once."""
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
    """The row of a picture: it is decoded, once a core is free, and measured. Errors: all of core/errors.py.

    `stat` is of the version that `data` was read from. QueueFullError (429) where no core comes free.
    """
    (result,) = processor.process(data, processor.probe(data), [measures_output(name="")], processor.context())
    return row_from(address, stat, data, result, outputs=outputs, state=state)


def row_from(
    address: Address, stat: Stat, data: bytes, result: Result, *, outputs: Iterable[Stored] = (), state: State = "ready"
) -> Row:
    """The row of a picture whose measures were made already, by `look` or a pipeline that begins with vision steps."""
    origin = result.origin
    facts = {"format": origin.format, "width": origin.size.width, "height": origin.size.height, "bytes": len(data)}
    row = describe(str(address), stat.version, sha256(data), facts, result.findings(), outputs=outputs, state=state)
    name = plain_name(unquote(stat.about.metadata.get(NAME, ""))) or _OURS.sub("", row.name)
    return msgspec.structs.replace(row, name=name)


def plain_name(text: str) -> str:
    """The last part of a file's name as its sender wrote it, without what no name holds; it may be empty."""
    last = text.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(char for char in last if unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"})
    return unicodedata.normalize("NFC", kept).strip()[:_LONGEST_NAME]


def name_metadata(name: str) -> dict[str, str]:
    """The metadata that keeps a name; none where it is too long for every store."""
    text = quote(name, safe=" ()+,;=@!~'")
    return {NAME: text} if 0 < len(text) <= _LONGEST_QUOTED else {}


def open_catalog(settings: Settings) -> Catalog | None:
    """This process's catalog, opened when it is first asked for; None where there is none.

    CatalogError (503) where MongoDB does not answer, which is tried again at the next call.
    """
    kind = settings.catalog or ("none" if in_a_cloud() else "sqlite")
    where = {"sqlite": str(settings.data_folder()), "mongo": settings.mongo or "", "none": ""}[kind]
    if (kind, where) not in _open:
        with _alone:
            if (kind, where) not in _open:
                _open[kind, where] = _made(kind, where)
    return _open[kind, where]


def in_a_cloud() -> bool:
    """Whether the platform is one whose disk is not kept."""
    return any(os.environ.get(name) for name in CLOUDS)


def _made(kind: str, where: str) -> Catalog | None:
    """Imported here: a server without a catalog does without either."""
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
        _logger.warning("The catalog is off: DARKROOM_DATA cannot be written to.")
        return None
    return SqliteCatalog(folder / FILE)


_open: dict[tuple[str, str], Catalog | None] = {}
_alone = threading.Lock()


def _forget() -> None:
    """A process that was forked opens its own: connections, locks and threads of the parent's are not shared."""
    global _alone  # noqa: PLW0603 - the parent's lock may have been held by a thread that is not here
    _inherited.append(dict(_open))  # kept, so that nothing of the parent's is closed from here
    _open.clear()
    _alone = threading.Lock()


_inherited: list[dict[tuple[str, str], Catalog | None]] = []
os.register_at_fork(after_in_child=_forget)
