"""The storage of a server: its stores, what requests may read and write, and where its own objects are."""

import re
import secrets
from pathlib import Path

import msgspec

from service.settings import Settings
from storage.address import Address
from storage.allow import Allowed
from storage.errors import StorageError
from storage.options import Options
from storage.registry import Stores, schemes
from storage.watched import StoreWatch

_MIN_KEY_BYTES = 32
_MONGO = re.compile(r"mongodb(\+srv)?://[^/?#\s]+")


class Storage(msgspec.Struct, frozen=True):
    """Stores by scheme, what callers may read (`sources`) and write (`targets`), and `results`, the server's own.

    The lists restrict callers only. An address from a caller never reaches what is under `results`, unless a list names
    it too.
    """

    stores: Stores
    sources: Allowed
    targets: Allowed
    results: Address | None
    """The prefix of all the server's own keys; None if it has no storage of its own."""
    signing_key: bytes
    """Signs uploads to `file://`. Without a setting it is random, and valid until the server restarts."""
    valid_keys: tuple[bytes, ...]
    """The keys whose uploads are accepted: this one, and the second one of a rotation."""


def open_storage(settings: Settings, watch: StoreWatch | None = None) -> Storage:
    """The storage of these settings. No connection is made, and no cloud library imported, before the first call.

    `watch` is told of each operation. StorageError if an address is invalid; `storage_problems` lists them all.
    """
    options = store_options(settings)
    return Storage(
        Stores(options, watch),
        Allowed.parse(settings.sources),
        Allowed.parse(settings.targets),
        Address.parse_prefix(settings.results) if settings.results else None,
        options.signing_key or b"",
        (options.signing_key or b"", *(key.encode() for key in settings.signing_keys()[1:])),
    )


def store_options(settings: Settings) -> Options:
    """How these settings open stores."""
    return Options(
        root=Path(settings.files) if settings.files else None,
        s3_endpoint=settings.s3_endpoint,
        s3_region=settings.s3_region,
        gs_endpoint=settings.gs_endpoint,
        gs_project=settings.gs_project,
        web=Allowed.parse(settings.sources),
        web_bytes=settings.max_body_bytes,
        # Workers are forked from one process, so they share a random key.
        signing_key=settings.signing_key.encode() if settings.signing_key else secrets.token_bytes(_MIN_KEY_BYTES),
    )


def storage_problems(settings: Settings) -> list[str]:
    """Problems of the storage settings, one sentence each."""
    problems = []
    for name, texts in {
        "SOURCES": settings.sources,
        "TARGETS": settings.targets,
        "RESULTS": (settings.results,) if settings.results else (),
        "WATCH": (settings.watch,) if settings.watch else (),
    }.items():
        problems += [f"DARKROOM_{name}: {why}" for text in texts if (why := _problem(text, settings))]
        if name != "SOURCES" and any(text.startswith(("http:", "https:")) for text in texts):
            problems.append(f"DARKROOM_{name}: the web can only be read.")
    if settings.files and not Path(settings.files).is_dir():
        problems.append("DARKROOM_FILES is not a folder.")
    for name, key in {"SIGNING_KEY": settings.signing_key, "SIGNING_KEY_2": settings.signing_key_2}.items():
        if key and len(key.encode()) < _MIN_KEY_BYTES:
            problems.append(f"DARKROOM_{name} needs at least {_MIN_KEY_BYTES} characters.")
    if settings.signing_key_2 and not settings.signing_key:
        problems.append("DARKROOM_SIGNING_KEY_2 needs DARKROOM_SIGNING_KEY, the key that signs.")
    if settings.catalog == "mongo" and not settings.mongo:
        problems.append("DARKROOM_CATALOG=mongo needs DARKROOM_MONGO, the server's URL.")
    if settings.mongo and not _MONGO.match(settings.mongo):
        problems.append("DARKROOM_MONGO is not a URL such as mongodb://host:27017 or mongodb+srv://host.")
    return problems


def _problem(text: str, settings: Settings) -> str | None:
    """The problem of an address or address prefix, or None."""
    try:
        address = Address.parse_prefix(text)
    except StorageError as error:
        return f'"{text[:80]}": {error}'
    if address.scheme not in schemes():
        return f'"{text[:80]}": the scheme must be one of {", ".join(schemes())}.'
    if address.scheme == "file" and not settings.files:
        return f'"{text[:80]}" needs DARKROOM_FILES, the folder that holds the files.'
    return None
