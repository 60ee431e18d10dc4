"""Storage and catalog of a server: what the settings name, what requests may read and write, and where its own is."""

import secrets
from pathlib import Path

import msgspec

from service.settings import Settings
from storage.address import Address
from storage.allow import Allowed
from storage.errors import StorageError
from storage.options import Options
from storage.registry import Stores, schemes

_SHORTEST_KEY = 32


class Storage(msgspec.Struct, frozen=True):
    """Stores by scheme, what callers may read (`sources`) and write (`targets`), and `results`, the server's own.

    The lists bind callers only. What is under `results` is never read or written by an address that a caller gave,
    unless a list names it too.
    """

    stores: Stores
    sources: Allowed
    targets: Allowed
    results: Address | None
    """What all keys of the server's own begin with; None where there is no place for them."""
    signing_key: bytes
    """Signs uploads to `file://`. One that no setting names is made at the start, so it is this server's only."""


def open_storage(settings: Settings) -> Storage:
    """The storage of these settings. Nothing is connected to, and no cloud's library imported, before the first call.

    StorageError where an address is wrong: `problems` tells of all of them.
    """
    options = _options(settings)
    return Storage(
        Stores(options),
        Allowed.parse(settings.sources),
        Allowed.parse(settings.targets),
        Address.parse_prefix(settings.results) if settings.results else None,
        options.signing_key or b"",
    )


def _options(settings: Settings) -> Options:
    return Options(
        root=Path(settings.files) if settings.files else None,
        s3_endpoint=settings.s3_endpoint,
        s3_region=settings.s3_region,
        gs_endpoint=settings.gs_endpoint,
        gs_project=settings.gs_project,
        web=Allowed.parse(settings.sources),
        web_bytes=settings.max_body_bytes,
        # Workers are forked from one process, so they share a random one.
        signing_key=settings.signing_key.encode() if settings.signing_key else secrets.token_bytes(_SHORTEST_KEY),
    )


def storage_problems(settings: Settings) -> list[str]:
    """What is wrong with the settings of storage, a sentence each."""
    found = []
    for name, texts in {
        "SOURCES": settings.sources,
        "TARGETS": settings.targets,
        "RESULTS": (settings.results,) if settings.results else (),
        "WATCH": (settings.watch,) if settings.watch else (),
    }.items():
        found += [f"DARKROOM_{name}: {why}" for text in texts if (why := _problem(text, settings))]
        if name != "SOURCES" and any(text.startswith(("http:", "https:")) for text in texts):
            found.append(f"DARKROOM_{name}: the web can only be read.")
    if settings.files and not Path(settings.files).is_dir():
        found.append("DARKROOM_FILES is no folder.")
    if settings.signing_key and len(settings.signing_key.encode()) < _SHORTEST_KEY:
        found.append(f"DARKROOM_SIGNING_KEY needs at least {_SHORTEST_KEY} characters.")
    if settings.catalog == "mongo" and not settings.mongo:
        found.append("DARKROOM_CATALOG=mongo needs DARKROOM_MONGO, the server's URL.")
    return found


def _problem(text: str, settings: Settings) -> str | None:
    """Why an address, or a beginning of addresses, is of no use; None if it is."""
    try:
        address = Address.parse_prefix(text)
    except StorageError as error:
        return f"«{text[:80]}»: {error}"
    if address.scheme not in schemes():
        return f"«{text[:80]}»: there are {', '.join(schemes())}."
    if address.scheme == "file" and not settings.files:
        return f"«{text[:80]}» needs DARKROOM_FILES, the folder of the files."
    return None
