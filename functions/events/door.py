"""The doors that events come in by: `POST /events`, the CloudEvent function, and AWS Lambda as a plain function.

Platforms redeliver what is not acknowledged, so an answer of 503 loses nothing: of a body with several records, those
that were done already cost metadata calls the next time.
"""

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Response, request

from core.errors import DarkroomError
from functions import cataloguing
from functions.events import parse
from functions.events.desk import Desk
from functions.events.handler import handle
from functions.events.hints import Hint, Verdict
from functions.events.parse import Heard
from functions.problems import NotFoundError
from functions.rules import reading
from functions.settings import Settings, SettingsError
from functions.source import chunks
from storage.address import Address

if TYPE_CHECKING:
    from functions.events.watch import Inbox
    from functions.http import Darkroom

_SERIOUS = {"done": logging.INFO, "poison": logging.WARNING, "again": logging.WARNING, "gave_up": logging.ERROR}
_logger = logging.getLogger("darkroom")


class NoRulesError(NotFoundError):
    """Events are not taken here."""

    code, title = "events_off", "There are no rules"


class TryAgainError(DarkroomError):
    """Something of the event is not done; the platform delivers it again, when it sees fit."""

    status, code, title = 503, "try_again", "Not done yet"

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        failed = [verdict for verdict in verdicts if verdict.outcome == "again"]
        super().__init__(f"{len(failed)} of {len(verdicts)} objects are to be tried again: {failed[0].code}.")


class Events:
    """The rules of a server at work."""

    def __init__(self, desk: Desk, handler: Callable[[Hint, Desk], Verdict] = handle) -> None:
        self.desk = desk
        self._handle = handler

    def take(self, hints: Iterable[Hint]) -> list[Verdict]:
        """Handle hints, one after the other; each leaves a line in the log."""
        return [self.one(hint) for hint in hints]

    def one(self, hint: Hint) -> Verdict:
        """Handle one hint."""
        verdict = self._handle(hint, self.desk)
        members = {
            "source": str(hint.address), "kind": hint.kind, "attempt": hint.attempt or None, "event": hint.id or None,
            "outcome": verdict.outcome, "code": verdict.code or None, "detail": verdict.detail or None,
            "wrote": verdict.wrote, "removed": verdict.removed,
        }  # fmt: skip
        shown = {name: value for name, value in members.items() if value is not None}
        level = _SERIOUS[verdict.outcome]
        _logger.log(level, "%s %s", verdict.outcome, hint.address, extra={"members": shown})
        return verdict

    def hear(self, heard: Heard) -> list[Verdict]:
        """Handle what a body held. TryAgainError (503) where something of it is to be delivered again."""
        for word in heard.ignored:
            _logger.info("Ignored: %s", word)
        verdicts = self.take(heard.hints)
        if any(verdict.outcome == "again" for verdict in verdicts):
            raise TryAgainError(verdicts)
        return verdicts


def opened(app: "Darkroom") -> Events | None:
    """What takes events by these settings; None without rules. SettingsError names all that is wrong with them."""
    settings, results = app.settings, app.storage.results
    if settings.rules is None:
        return None
    if results is None:
        raise SettingsError(["DARKROOM_RULES needs DARKROOM_RESULTS, where what goes wrong is recorded."])
    try:
        rules = reading.load(
            Path(settings.rules), app.reader, results=results, models=app.runtime, assets=settings.assets_folder()
        )
    except reading.RulesError as error:
        raise SettingsError([f"DARKROOM_RULES: {problem}" for problem in error.problems]) from None
    for warning in rules.warnings:
        _logger.warning("DARKROOM_RULES: %s", warning)
    return Events(_desk(app, settings, rules))


def _desk(app: "Darkroom", settings: Settings, rules: Any) -> Desk:
    assert app.storage.results  # noqa: S101 - looked at before
    return Desk(
        rules=rules, stores=app.storage.stores, bench=app.bench, results=app.storage.results,
        catalog=lambda: cataloguing.opened(settings), attempts=settings.event_attempts, age=settings.event_seconds,
        seconds=2 * settings.max_seconds,
    )  # fmt: skip


def watching(app: "Darkroom") -> "Inbox | None":
    """The folder that is watched, if one is. It begins with the first request, and in each process that is forked.

    Servers load the application first and fork then, and a thread would stay behind.
    """
    from functions.events.watch import Inbox

    watch, files = app.settings.watch, app.settings.files
    if watch is None:
        return None
    bucket = Address.parse_prefix(watch)
    if bucket.scheme != "file" or bucket.key or not files or app.events is None:
        raise SettingsError(["DARKROOM_WATCH is a bucket such as file://inbox; it needs DARKROOM_FILES and _RULES."])
    inbox = Inbox(app.events, Path(files), bucket)
    os.register_at_fork(after_in_child=inbox.after_fork)
    return inbox


def install(app: "Darkroom") -> None:
    """Add the route."""
    app.serve("/events", events, "write", ("POST",))


def events() -> Response:
    """Take events: CloudEvents, Pub/Sub push, S3 notifications by SNS or as they are."""
    from functions.http import here

    taker = here().events
    if taker is None:
        raise NoRulesError("This server has no rules; DARKROOM_RULES names their file.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    taker.hear(parse.body(headers, b"".join(chunks(request))))
    return Response(status=204)


def on_cloud_event(taker: Events | None, event: Any) -> None:
    """The CloudEvent function: an exception makes the platform deliver it again."""
    if taker is None:
        raise NoRulesError("This server has no rules; DARKROOM_RULES names their file.")
    taker.hear(parse.cloud_event(dict(event.get_attributes()), event.get_data()))


def on_lambda(taker: Events, event: dict[str, Any]) -> dict[str, Any]:
    """AWS Lambda's form, for S3, SQS, SNS and EventBridge. Of SQS, only the messages that failed come again.

    Of the others an exception makes Lambda deliver the whole event again.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    records = event.get("Records")
    if not isinstance(records, list) or not any("messageId" in one for one in records if isinstance(one, dict)):
        taker.hear(parse.record(event))
        return {}
    failed = [one.get("messageId", "") for one in records if not _done(taker, one)]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def _done(taker: Events, told: Any) -> bool:
    """Whether a message is done; what cannot be read fails too, and ends in the queue of dead letters."""
    try:
        taker.hear(parse.record(told))
    except DarkroomError as error:
        _logger.warning("A message is not done: %s", error.detail)
        return False
    return True
