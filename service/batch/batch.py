"""A batch: what its command says, opened: objects, rules, stores, and the place of its ledger."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from core.identity import sha256
from service.batch.errors import BatchError
from service.batch.ledger import Ledger, Subject
from service.batch.listing import Selection
from service.batch.places import Places
from service.batch.trial import TrialCatalog, TrialStores
from service.batch.work import Spent, Work
from service.cataloging import open_catalog
from service.events.context import EventContext
from service.machine import cores
from service.rules.cycles import own_key, rule_problems
from service.rules.model import Rules
from service.rules.parsing import RulesError, load_rules, parse_rules
from service.service import Service
from service.stores import store_options
from storage.address import Address
from storage.errors import StorageError
from storage.registry import Stores

if TYPE_CHECKING:
    from catalog.base import Catalog

_STATE = ".batch/"
_MOST_WAITING = 1000
"""What DARKROOM_QUEUE may be at most."""
_SPECIAL = "*?{}[]\\"


class BatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a command says of a batch, as text: processes elsewhere open the same from it.

    `rules` is the content of a file of rules, in place of `target`, `pipeline`, `format` and `quality`.
    """

    source: str
    target: str = ""
    pipeline: str = ""
    format: str = ""
    quality: int | None = None
    rules: str = ""
    match: str = ""
    state: str = ""
    name: str = ""
    attempts: int = 3
    at_once: int = 0


class Batch:
    """An open batch. Its parts that connect to anything are made anew for each process."""

    def __init__(self, options: BatchOptions, environ: Mapping[str, str]) -> None:
        root = environ.get("DARKROOM_FILES")
        self.places = Places(Path(root) if root else None)
        self._options = options
        self._own = not options.rules
        source = self.places.source(options.source)
        text = options.rules or self._rules_text(source)
        self.service = Service.open(_environment(environ, options))
        self.results = self._results(environ)
        self.rules = self._rules(text, environ.get("DARKROOM_RULES"))
        self.selection = Selection(Address.parse_prefix(source), self.rules, any_name=bool(options.match))
        self._subject = Subject(source=source, rules=sha256(text.encode())[:12])
        self.name = options.name or sha256("\n".join((source, text, str(self.results))).encode())[:12]
        self._stores = msgspec.structs.replace(
            store_options(self.service.settings), folders=self.places.folders, nameless=True
        )

    @property
    def ledger_place(self) -> Address:
        """The prefix of the ledger."""
        return self.results.at(f"{own_key(self.results, 'batches')}/{self.name}/")

    def stores(self, spent: Spent) -> Stores:
        """Stores with connections of their own."""
        return Stores(self._stores, spent.watch)

    def ledger(self, stores: Stores) -> Ledger:
        """The ledger."""
        return Ledger(stores, self.ledger_place, self._subject)

    def work(self, *, retry: bool = False) -> Work:
        """The work of one process."""
        spent = Spent()
        return Work(self.selection.prefix, self._context(self.stores(spent)), spent, retry=retry)

    def trial(self, scratch: Path) -> Work:
        """The same work without any effect, but for files in the folder `scratch`."""
        spent = Spent()
        stores = TrialStores(self._stores, spent.watch, scratch)
        return Work(self.selection.prefix, self._context(stores, trial=True), spent)

    def _context(self, stores: Stores, *, trial: bool = False) -> EventContext:
        def catalog() -> "Catalog | None":
            """The server's catalog, if these are its rules."""
            found = None if self._own else open_catalog(self.service.settings)
            return cast("Catalog", TrialCatalog(found)) if found and trial else found

        return EventContext(
            rules=self.rules, stores=stores, processor=self.service.processor, results=self.results, catalog=catalog,
            attempts=self._options.attempts, seconds=2 * self.service.settings.max_seconds,
        )  # fmt: skip

    def _rules_text(self, source: str) -> str:
        """One rule, as a file of rules would say it."""
        options = self._options
        if not options.target or not (options.pipeline or options.format):
            raise BatchError("A batch needs --to and --pipeline, or a file of --rules.")
        target = self.places.target(options.target)
        if "{" not in target:
            target = f"{target.rstrip('/')}/{{dir}}/{{stem}}.{{ext}}"
        when = _escaped(source) + (options.match or "**")
        keys = {"when": when, "to": target, "pipeline": options.pipeline, "format": options.format}
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in keys.items() if value]
        lines += [f"quality = {options.quality}"] if options.quality is not None else []
        return "\n".join(["[[rule]]", *lines, 'on_delete = "keep"', ""])

    def _results(self, environ: Mapping[str, str]) -> Address:
        """The prefix of records and ledger: named, the server's own, or beside what is made."""
        options = self._options
        named = self.places.target(options.state) if options.state else environ.get("DARKROOM_RESULTS")
        if not named and not options.target:
            raise BatchError("With --rules, set DARKROOM_RESULTS or --state: where failures are recorded.")
        target = self.places.target(options.target) if options.target else ""
        return Address.parse_prefix(named or f"{target.partition('{')[0].rstrip('/')}/{_STATE}")

    def _rules(self, text: str, live: str | None) -> Rules:
        """The rules; one of this command must not write what a rule of the server writes."""
        service, shared = self.service, {"models": self.service.models, "assets": self.service.settings.assets_folder()}
        try:
            rules = parse_rules(text, service.parser, results=self.results, **shared)  # type: ignore[arg-type]
            others = load_rules(Path(live), service.parser, **shared) if self._own and live else None  # type: ignore[arg-type]
        except RulesError as error:
            raise BatchError("\n".join(error.problems)) from None
        if others and (problems := [*rule_problems([*others.rules, *rules.rules], None)]):
            raise BatchError("\n".join(problems))
        return rules


def open_batch(options: BatchOptions, environ: Mapping[str, str] | None = None) -> Batch:
    """Open a batch. BatchError, SettingsError."""
    try:
        return Batch(options, os.environ if environ is None else environ)
    except StorageError as error:
        raise BatchError(error.detail) from None


def _environment(environ: Mapping[str, str], options: BatchOptions) -> dict[str, str]:
    """The server's settings: nobody is served, and who waits for a core or memory waits for long."""
    kept = {name: value for name, value in environ.items() if name not in {"DARKROOM_RULES", "DARKROOM_WATCH"}}
    at_once = options.at_once or cores()
    ours = {
        "DARKROOM_QUEUE": str(min(8 * at_once, _MOST_WAITING)),
        "DARKROOM_QUEUE_SECONDS": "300",
        "DARKROOM_METRICS": "false",
    }
    return {**ours, **kept, "DARKROOM_AT_ONCE": str(at_once)}


def _escaped(prefix: str) -> str:
    """A prefix as a pattern that matches just that."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in prefix)
