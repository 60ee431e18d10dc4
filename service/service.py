"""The service: all that a process works with, opened from its environment once, and shared by every door and job."""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from catalog.base import Catalog
from core.models.manifest import Manifest
from core.models.runtime import Runtime
from service import checks, presets, stores
from service.admission import Admission, cores
from service.cataloging import open_catalog as opened_catalog
from service.errors import CatalogOffError, NoResultsError
from service.images.recovery import Recovery
from service.images.repository import ImageRepository
from service.models import setup
from service.models.warmup import Warmup
from service.options import OptionsParser
from service.processor import Processor
from service.render.renderer import Renderer
from service.settings import Settings, SettingsError, read_settings
from service.stores import Storage
from storage.address import Address
from storage.errors import StorageError

if TYPE_CHECKING:  # rules are read, and folders watched, only where a setting names some
    from service.events.processor import EventProcessor
    from service.events.watcher import FolderWatcher

T = TypeVar("T")
_logger = logging.getLogger("darkroom")


class Service:
    """What a process works with. `events` and `watcher` are None where no rules, or no folder, are named."""

    settings: Settings
    parser: OptionsParser
    manifest: Manifest
    models: Runtime
    warmup: Warmup
    storage: Storage
    processor: Processor
    renderer: Renderer
    recovery: Recovery
    events: "EventProcessor | None"
    watcher: "FolderWatcher | None"

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> "Service":
        """The service of an environment. SettingsError names all that is wrong: settings, presets, models and rules."""
        opening = _Opening(environ)
        service = cls()
        service.settings = settings = opening.settings
        limits = settings.limits()
        service.parser = OptionsParser(limits, opening.presets())
        service.manifest = opening.manifest()
        service.models = setup.open_runtime(settings, service.manifest)
        service.warmup = setup.open_warmup(settings, service.models)
        service.storage = opening.storage()
        admission = Admission(settings.at_once or cores(), settings.queue, settings.queue_seconds)
        service.processor = Processor(
            limits, service.parser.presets, settings.assets_folder(), admission, service.models
        )
        service.renderer = Renderer(service.upload_processor, service.storage)
        service.recovery = Recovery(service.kept_images if service.storage.results else None)
        service.events = opening.events(service)
        service.watcher = opening.watcher(service.events)
        opening.finish()
        return service

    @property
    def upload_processor(self) -> Processor:
        """The processor of pictures that are kept: an upload may be longer than a request."""
        limits = self.processor.limits
        longest = max(self.settings.max_upload_bytes, limits.body_bytes)
        return msgspec.structs.replace(self.processor, limits=msgspec.structs.replace(limits, body_bytes=longest))

    def catalog(self) -> Catalog:
        """The catalog. CatalogOffError (404) where there is none; CatalogError (503) where it does not answer."""
        found = opened_catalog(self.settings)
        if found is None:
            raise CatalogOffError
        return found

    def images(self) -> ImageRepository:
        """Where pictures are kept. CatalogOffError (404), NoResultsError (503)."""
        catalog = self.catalog()
        if self.storage.results is None:
            raise NoResultsError
        return ImageRepository(catalog, self.storage.stores, self.storage.results, self.upload_processor)

    def kept_images(self) -> ImageRepository | None:
        """Where pictures are kept; None where they are not."""
        if self.storage.results is None or opened_catalog(self.settings) is None:
            return None
        return self.images()

    def begin(self) -> None:
        """Begin what runs beside requests, in this process, if nobody has yet: threads do not survive a fork."""
        self.warmup.begin()
        self.recovery.begin()
        if self.watcher:
            self.watcher.begin()


class _Opening:
    """Opens part after part, and collects what is wrong: a part that is wrong is replaced, so that the next is read."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.settings, self.problems = read_settings(environ)
        self.problems += checks.settings_problems(self.settings, environ)

    def finish(self) -> None:
        """SettingsError where anything was wrong."""
        if self.problems:
            raise SettingsError(list(dict.fromkeys(self.problems)))

    def presets(self) -> dict[str, str]:
        """The presets. Those that ship are not checked, which would import every filter: a test does that."""
        file, own = self.settings.presets_file(), self.settings.presets is not None
        return self._tried(lambda: presets.load_presets(file, check=own), {}) if file.is_file() else {}

    def manifest(self) -> Manifest:
        """The models; those that ship where the operator's own cannot be read, which the checks have told."""
        try:
            return setup.open_manifest(self.settings)
        except (ValueError, OSError):
            return setup.open_manifest(msgspec.structs.replace(self.settings, models=None))

    def storage(self) -> Storage:
        """The storage; without any address where one is wrong, which the checks have told."""
        try:
            return stores.open_storage(self.settings)
        except (ValueError, OSError, StorageError):
            nowhere = msgspec.structs.replace(self.settings, sources=(), targets=(), results=None, signing_key=None)
            return stores.open_storage(nowhere)

    def events(self, service: Service) -> "EventProcessor | None":
        """What takes events; None without rules."""
        settings = self.settings
        if settings.rules is None:
            return None
        if settings.results is None:
            self.problems.append("DARKROOM_RULES needs DARKROOM_RESULTS, where what goes wrong is recorded.")
        return self._tried(lambda: _event_processor(service), None)

    def watcher(self, events: "EventProcessor | None") -> "FolderWatcher | None":
        """The folder that is watched, if one is."""
        settings = self.settings
        if settings.watch is None:
            return None
        if not settings.files or settings.rules is None or not _is_bucket(settings.watch):
            self.problems.append("DARKROOM_WATCH is a bucket such as file://inbox; it needs DARKROOM_FILES and _RULES.")
            return None
        if events is None or self.problems:
            return None
        from service.events.watcher import FolderWatcher

        watcher = FolderWatcher(events, Path(settings.files), Address.parse_prefix(settings.watch))
        os.register_at_fork(after_in_child=watcher.after_fork)
        return watcher

    def _tried(self, open_part: Callable[[], T], instead: T) -> T:
        try:
            return open_part()
        except SettingsError as error:
            self.problems += error.problems
            return instead


def _is_bucket(text: str) -> bool:
    try:
        address = Address.parse_prefix(text)
    except StorageError:
        return False
    return address.scheme == "file" and not address.key


def _event_processor(service: Service) -> "EventProcessor | None":
    """What handles events by the rules of the settings. SettingsError; None where there is no place for records."""
    from service.events.context import EventContext
    from service.events.processor import EventProcessor
    from service.rules import parsing

    settings, storage = service.settings, service.storage
    try:
        rules = parsing.load_rules(
            Path(settings.rules or ""), service.parser, results=storage.results, models=service.models,
            assets=settings.assets_folder(),
        )  # fmt: skip
    except parsing.RulesError as error:
        raise SettingsError([f"DARKROOM_RULES: {problem}" for problem in error.problems]) from None
    for warning in rules.warnings:
        _logger.warning("DARKROOM_RULES: %s", warning)
    if storage.results is None:
        return None
    return EventProcessor(
        EventContext(
            rules=rules, stores=storage.stores, processor=service.processor, results=storage.results,
            catalog=lambda: opened_catalog(settings), attempts=settings.event_attempts, age=settings.event_seconds,
            seconds=2 * settings.max_seconds,
        )
    )  # fmt: skip
