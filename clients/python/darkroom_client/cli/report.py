"""Sends several pictures at a time, and reports how many are done, which failed and why."""

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from darkroom_client.cli.batch import Bar, each, in_order, progress
from darkroom_client.cli.common import Exit, complain, exit_of, plain, say, text_of
from darkroom_client.cli.plan import Job, Plan
from darkroom_client.errors import LASTING, NoServerError, RefusedError
from darkroom_client.files import Writer

PICTURE_INDEPENDENT = {
    *(LASTING - {"model_output"}),
    "bad_pipeline",
    "budget_spent",
    "expired_key",
    "invalid_token",
    "local_only",
    "needs_findings",
    "redact_too_late",
    "unauthorized",
    "unknown_class",
    "unknown_filter",
    "unknown_format",
    "unknown_model",
    "unknown_parameter",
    "unknown_preset",
    "wrong_key",
    "wrong_scope",
}
"""Codes of errors that do not depend on the picture: every other one would be refused as well."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one picture: a file or an address, or an error, or neither; `skipped`: it was there already."""

    job: Job
    path: Path | str | None = None
    error: Exception | None = None
    skipped: bool = False

    @property
    def fatal(self) -> bool:
        """Whether all other pictures would fail as well."""
        refused = isinstance(self.error, RefusedError) and self.error.code in PICTURE_INDEPENDENT
        return refused or isinstance(self.error, NoServerError)


Kind = TypeVar("Kind", bound=Outcome)


def run_jobs(
    args: Namespace,
    found: Plan,
    writer: Writer,
    send: Callable[[Job], Kind],
    show: Callable[[Kind, Bar], None],
) -> int:
    """Send every picture, show each outcome in order, report, and return the exit code."""
    outcomes: list[Kind] = []
    with progress(len(found.jobs), quiet=args.quiet) as bar:
        try:
            for outcome in _outcomes(send, found.jobs, args.jobs, bar):
                outcomes.append(outcome)
                show(outcome, bar)
        except KeyboardInterrupt:
            writer.stop()
            bar.hide()
            _report_saved(args, found, outcomes)
            raise
    return _report(args, found, outcomes)


def _outcomes(send: Callable[[Job], Kind], jobs: list[Job], threads: int, bar: Bar) -> Iterator[Kind]:
    def ticking(outcomes: Iterable[tuple[int, Kind]]) -> Iterator[tuple[int, Kind]]:
        for numbered in outcomes:
            bar.tick()
            yield numbered

    return in_order(ticking(each(jobs, send, lambda outcome: outcome.fatal, threads)))


def _report(args: Namespace, found: Plan, outcomes: Sequence[Outcome]) -> int:
    errors = [outcome.error for outcome in outcomes if outcome.error]
    if len(found.jobs) == 1 and errors:
        return complain(errors[0])
    _report_saved(args, found, outcomes)
    if found.skipped and not args.quiet:
        files = "file was" if found.skipped == 1 else "files were"
        say(f"{found.skipped} other {files} skipped, by suffix not a picture.")
    fatal = next((outcome.error for outcome in outcomes if outcome.fatal), None)
    if errors:
        _report_failed(found, outcomes)
    if fatal:
        complain(fatal)
    return _exit(errors, done=len(outcomes) > len(errors))


def _report_saved(args: Namespace, found: Plan, outcomes: Sequence[Outcome]) -> None:
    saved = [outcome.path for outcome in outcomes if outcome.path]
    there = sum(outcome.skipped for outcome in outcomes)
    if saved and not args.quiet:
        say(plain(f"Saved {saved[0]}" if len(saved) == 1 else f"Saved {len(saved)} pictures {found.where}"))
    if there and not args.quiet:
        were, them = ("was", "it") if there == 1 else ("were", "them")
        say(f"{there} {were} there already and {were} skipped; --force makes {them} anew.")


def _report_failed(found: Plan, outcomes: Sequence[Outcome]) -> None:
    failed = [outcome for outcome in outcomes if outcome.error]
    say(f"{len(failed)} of {len(found.jobs)} failed:")
    for outcome in failed:
        if outcome.error and not outcome.fatal:
            say(f"  {plain(outcome.job.label)}: {text_of(outcome.error)}")
    if len(outcomes) < len(found.jobs):
        say(f"  and {len(found.jobs) - len(outcomes)} were not tried.")


def _exit(errors: list[Exception], *, done: bool) -> Exit:
    kinds = {exit_of(error) for error in errors}
    if not kinds:
        return Exit.DONE
    if Exit.NO_SERVER in kinds:
        return Exit.NO_SERVER
    return kinds.pop() if len(kinds) == 1 and not done else Exit.SOME_FAILED
