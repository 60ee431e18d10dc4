"""The service: everything a process works with, opened once from its environment and shared by all entry points."""

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from catalog.base import Catalog
from core.errors import DarkroomError
from core.imaging import fonts
from core.models.manifest import Manifest
from core.models.runtime import Runtime
from service import checks, presets, stores
from service.admission import Admission
from service.cataloging import open_catalog
from service.errors import CatalogOffError, NoResultsError
from service.events.senders import Sender, open_sender
from service.images.recovery import Recovery
from service.images.repository import ImageRepository
from service.keys.authenticator import NOBODY, Authenticator, open_authenticator
from service.keys.file import KeyFileError
from service.machine import cores, memory
from service.models import setup
from service.models.warmup import Warmup
from service.only_presets import OnlyPresets, only_presets, only_presets_problems
from service.options import OptionsParser
from service.platform import Platform, platform_of
from service.processor import Processor
from service.readiness import Readiness
from service.render.renderer import Renderer
from service.settings import Settings, SettingsError, read_settings
from service.stores import Storage
from service.watch.metrics import Metrics, open_metrics
from service.watch.storing import store_watch
from service.watch.traces import Traces, open_traces
from storage.address import Address
from storage.errors import StorageError
from storage.watched import StoreWatch

if TYPE_CHECKING:  # imported only if a setting names rules or a folder to watch
    from service.events.processor import EventProcessor
    from service.events.watcher import FolderWatcher

T = TypeVar("T")
_logger = logging.getLogger("darkroom")


class Service:
    """Everything a process works with.

    `events`, `watcher`, `event_sender`, `only_presets`, `metrics`, `traces`: None if not set.
    """

    settings: Settings
    parser: OptionsParser
    manifest: Manifest
    models: Runtime
    warmup: Warmup
    storage: Storage
    authenticator: Authenticator
    admission: Admission
    processor: Processor
    readiness: Readiness
    renderer: Renderer
    recovery: Recovery
    events: "EventProcessor | None"
    watcher: "FolderWatcher | None"
    event_sender: Sender | None
    only_presets: OnlyPresets | None
    platform: Platform
    metrics: Metrics | None
    traces: Traces | None

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> "Service":
        """Open the service of an environment. SettingsError lists every problem of settings and the files they name."""
        opener = _Opener(environ)
        service = cls()
        service.settings = settings = opener.settings
        limits = settings.limits()
        service.parser = OptionsParser(limits, opener.presets())
        service.platform = platform_of(settings, environ)
        service.only_presets = opener.only_presets(service.parser.presets)
        service.manifest = opener.manifest()
        service.metrics = open_metrics(settings, service.manifest.names())
        service.traces = open_traces(settings)
        service.admission = _admission(settings)
        service.models = setup.open_runtime(settings, service.manifest, service.metrics, service.admission.lend)
        service.warmup = setup.open_warmup(settings, service.models)
        fonts.use(settings.fonts_folder())
        service.storage = opener.storage(store_watch(service.metrics, traced=service.traces is not None))
        service.authenticator = opener.authenticator(service.storage)
        service.processor = Processor(
            limits, service.parser.presets, settings.assets_folder(), service.admission, service.models,
            settings.rules_of_planner(),
        )  # fmt: skip
        service.readiness = Readiness(
            service.warmup, service.admission, service.storage.stores, service.storage.results,
            lambda: open_catalog(settings),
        )  # fmt: skip
        service.renderer = Renderer(
            service.upload_processor, service.storage, service.metrics, opener.placeholder(service.processor)
        )
        service.recovery = Recovery(service.kept_images if service.storage.results else None)
        service.events = opener.events(service)
        service.event_sender = opener.event_sender()
        service.watcher = opener.watcher(service.events)
        opener.raise_problems()
        return service

    @property
    def upload_processor(self) -> Processor:
        """The processor of stored pictures: an upload may be larger than a request."""
        limits = self.processor.limits
        largest = max(self.settings.max_upload_bytes, limits.body_bytes)
        return msgspec.structs.replace(self.processor, limits=msgspec.structs.replace(limits, body_bytes=largest))

    def catalog(self) -> Catalog:
        """The catalog. CatalogOffError (404) if there is none; CatalogError (503) if it does not answer."""
        found = open_catalog(self.settings)
        if found is None:
            raise CatalogOffError
        return found

    def images(self) -> ImageRepository:
        """The stored pictures. CatalogOffError (404), NoResultsError (503)."""
        catalog = self.catalog()
        if self.storage.results is None:
            raise NoResultsError
        return ImageRepository(catalog, self.storage.stores, self.storage.results, self.upload_processor)

    def kept_images(self) -> ImageRepository | None:
        """The stored pictures; None if this server stores none."""
        if self.storage.results is None or open_catalog(self.settings) is None:
            return None
        return self.images()

    def exposition(self, version: str) -> bytes:
        """The metrics in the text format of Prometheus. TypeError if there are none."""
        if self.metrics is None:
            raise TypeError("nothing is counted")
        return self.metrics.exposition(self.admission, version)

    def start(self) -> None:
        """Start the background threads of this process if they are not running: threads do not survive a fork."""
        if self.metrics:
            self.metrics.begin_process()
        if self.traces:
            self.traces.begin_process()
        self.warmup.start()
        self.recovery.start()
        if self.watcher:
            self.watcher.start()


class _Opener:
    """Opens one part after another and collects the problems; a faulty part is replaced so that the next can open."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.settings, self.problems = read_settings(environ)
        self.problems += checks.settings_problems(self.settings, environ)

    def raise_problems(self) -> None:
        """SettingsError if there was any problem."""
        if self.problems:
            raise SettingsError(list(dict.fromkeys(self.problems)))

    def presets(self) -> dict[str, str]:
        """The presets. The shipped ones are not checked, since that would import every filter: a test does it."""
        file, own = self.settings.presets_file(), self.settings.presets is not None
        return self._collect(lambda: presets.load_presets(file, check=own), {}) if file.is_file() else {}

    def only_presets(self, presets: Mapping[str, str]) -> OnlyPresets | None:
        """The restriction to presets, if it is set."""
        self.problems += only_presets_problems(self.settings, presets)
        return only_presets(self.settings, presets)

    def manifest(self) -> Manifest:
        """The models; only the shipped ones if the operator's cannot be read, which the checks have reported."""
        try:
            return setup.open_manifest(self.settings)
        except (ValueError, OSError):
            return setup.open_manifest(msgspec.structs.replace(self.settings, models=None))

    def storage(self, watch: StoreWatch | None = None) -> Storage:
        """The storage; without addresses if one is invalid, which the checks have reported."""
        try:
            return stores.open_storage(self.settings, watch)
        except (ValueError, OSError, StorageError):
            closed = msgspec.structs.replace(
                self.settings, sources=(), targets=(), results=None, signing_key=None, signing_key_2=None
            )
            return stores.open_storage(closed)

    def authenticator(self, storage: Storage) -> Authenticator:
        """What knows the callers; nobody if the keys cannot be read, which the checks have reported."""
        try:
            return open_authenticator(self.settings, storage)
        except (KeyFileError, OSError):
            return NOBODY

    def placeholder(self, processor: Processor) -> bytes | None:
        """The picture in place of missing ones."""
        if self.settings.placeholder is None:
            return None
        try:
            data = Path(self.settings.placeholder).read_bytes()
            processor.probe(data)
        except (OSError, DarkroomError):
            self.problems.append("DARKROOM_PLACEHOLDER is not a picture that can be read.")
            return None
        return data

    def events(self, service: Service) -> "EventProcessor | None":
        """The event processor; None without rules."""
        settings = self.settings
        if settings.rules is None:
            return None
        if settings.results is None:
            self.problems.append("DARKROOM_RULES needs DARKROOM_RESULTS, where failures are recorded.")
        return self._collect(lambda: _event_processor(service), None)

    def event_sender(self) -> Sender | None:
        """What verifies the senders of events; None if a scope permits them, or a setting of it is invalid."""
        return None if self.problems else open_sender(self.settings)

    def watcher(self, events: "EventProcessor | None") -> "FolderWatcher | None":
        """The folder watcher, if a folder is set."""
        settings = self.settings
        if settings.watch is None:
            return None
        if not settings.files or settings.rules is None or not _is_bucket(settings.watch):
            self.problems.append(
                "DARKROOM_WATCH must be a bucket such as file://inbox; it needs DARKROOM_FILES and DARKROOM_RULES."
            )
            return None
        if events is None or self.problems:
            return None
        from service.events.watcher import FolderWatcher

        watcher = FolderWatcher(events, Path(settings.files), Address.parse_prefix(settings.watch))
        os.register_at_fork(after_in_child=watcher.after_fork)
        return watcher

    def _collect(self, open_part: Callable[[], T], fallback: T) -> T:
        try:
            return open_part()
        except SettingsError as error:
            self.problems += error.problems
            return fallback


def _admission(settings: Settings) -> Admission:
    """The admission of all processes that are forked from this one."""
    at_once = settings.at_once or cores()
    queue = at_once if settings.queue is None else settings.queue
    return Admission(at_once, queue, settings.queue_seconds, memory())


def _is_bucket(text: str) -> bool:
    try:
        address = Address.parse_prefix(text)
    except StorageError:
        return False
    return address.scheme == "file" and not address.key


def _event_processor(service: Service) -> "EventProcessor | None":
    """The event processor for the rules of the settings. SettingsError; None if there is no place for records."""
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
            catalog=lambda: open_catalog(settings), attempts=settings.event_attempts, age=settings.event_seconds,
            seconds=2 * settings.max_seconds,
        ),
        metrics=service.metrics,
        traces=service.traces,
    )  # fmt: skip
