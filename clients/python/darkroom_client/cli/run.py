"""`darkroom run`: pictures through a pipeline."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkroom_client.cli.batch import Bar, each, in_order, progress
from darkroom_client.cli.common import Exit, UsageError, complain, connect, exit_of, plain, say, text_of
from darkroom_client.cli.plan import Job, Plan, Where, plan
from darkroom_client.client import Darkroom, Result
from darkroom_client.errors import DarkroomError, NoServerError
from darkroom_client.files import Writer
from darkroom_client.media import JSON, format_of


@dataclass(frozen=True)
class Outcome:
    """What became of one picture: a file, an answer to print, or an error."""

    job: Job
    path: Path | None = None
    result: Result | None = None
    error: Exception | None = None

    @property
    def fatal(self) -> bool:
        """Whether the others would fail alike."""
        return isinstance(self.error, NoServerError)


def run(args: Namespace) -> int:
    """Send the pictures, write the answers, say what happened."""
    _check(args)
    found = plan(args.inputs, args.output)
    writer = Writer(force=args.force)
    outcomes: list[Outcome] = []
    with connect(args) as darkroom, progress(len(found.jobs), quiet=args.quiet) as bar:
        try:
            send = _Sender(args, darkroom, writer, _format(args, found))
            for outcome in _outcomes(send, found.jobs, args.jobs, bar):
                outcomes.append(outcome)
                _show(outcome, bar)
        except KeyboardInterrupt:
            writer.stop()
            bar.hide()
            _tell_saved(args, outcomes)
            raise
    return _report(args, found, outcomes)


def _check(args: Namespace) -> None:
    if args.pipeline and Path(args.pipeline).is_file() and not Path(args.inputs[0]).exists():
        raise UsageError(plain(f"the pipeline comes first:  darkroom run {args.inputs[0]} {args.pipeline}"))
    if args.inputs == ["-"] and sys.stdin.isatty():
        raise UsageError("- reads a picture from stdin: pipe one in, as in  cat photo.jpg | darkroom run sepia -")


class _Sender:
    """What is done with each picture. Called from several threads."""

    def __init__(self, args: Namespace, darkroom: Darkroom, writer: Writer, kind: str | None) -> None:
        self._darkroom = darkroom
        self._writer = writer
        self._force: bool = args.force
        self._pipeline: str = args.pipeline
        self._options: dict[str, Any] = {
            **dict(args.option),
            "format": kind,
            "quality": args.quality,
            "pictures": dict(args.picture),
        }

    def __call__(self, job: Job) -> Outcome:
        try:
            return self._send(job)
        except (DarkroomError, OSError) as error:
            return Outcome(job, error=error)

    def _send(self, job: Job) -> Outcome:
        if job.where is Where.FILE and not self._force and job.target.exists():
            raise FileExistsError(0, "", str(job.target))
        result = self._darkroom.process(job.source or sys.stdin.buffer, self._pipeline, **self._options)
        if job.where is Where.STDOUT or (job.where is Where.BESIDE and result.content_type == JSON):
            return Outcome(job, result=result)
        path = job.path_for(result.content_type)
        try:
            self._writer.save(path, result.data)
        except FileExistsError as error:
            raise FileExistsError(0, "", str(path)) from error
        return Outcome(job, path=path)


def _format(args: Namespace, found: Plan) -> str | None:
    """What to ask for: `--json`, `--format`, or what the suffix of a named output file says."""
    if args.json:
        return "json"
    named: str | None = args.format
    only = found.jobs[0]
    return format_of(only.target) if named is None and only.where is Where.FILE else named


def _outcomes(send: _Sender, jobs: list[Job], threads: int, bar: Bar) -> Iterator[Outcome]:
    def ticking(outcomes: Iterable[tuple[int, Outcome]]) -> Iterator[tuple[int, Outcome]]:
        for numbered in outcomes:
            bar.tick()
            yield numbered

    return in_order(ticking(each(jobs, send, lambda outcome: outcome.fatal, threads)))


def _show(outcome: Outcome, bar: Bar) -> None:
    """Put an answer that goes to stdout there."""
    if outcome.result is None:
        return
    terminal = sys.stdout.isatty()
    if terminal:
        bar.hide()
    if outcome.result.content_type == JSON and (terminal or outcome.job.where is Where.BESIDE):
        found = {"input": outcome.job.label, **outcome.result.json()}
        text = json.dumps(found, ensure_ascii=False, indent=2 if terminal else None)
        data = text.encode("utf-8", "replace") + b"\n"
    elif terminal:
        raise UsageError("a picture does not go to a terminal: give -o FILE, or pipe it on.")
    else:
        data = outcome.result.data
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _report(args: Namespace, found: Plan, outcomes: list[Outcome]) -> int:
    errors = [outcome.error for outcome in outcomes if outcome.error]
    if len(found.jobs) == 1 and errors:
        return complain(errors[0])
    _tell_saved(args, outcomes)
    if found.skipped and not args.quiet:
        say(f"{found.skipped} other files were passed over: their names are no pictures'.")
    gone = next((error for error in errors if isinstance(error, NoServerError)), None)
    if errors:
        _tell_failed(found, outcomes)
    if gone:
        complain(gone)
    return _exit(errors, gone, done=len(outcomes) > len(errors))


def _tell_saved(args: Namespace, outcomes: list[Outcome]) -> None:
    saved = [outcome.path for outcome in outcomes if outcome.path]
    if not saved or args.quiet:
        return
    say(
        plain(
            f"Saved {saved[0]}"
            if len(saved) == 1
            else f"Saved {len(saved)} pictures in {args.output or 'their folders'}"
        )
    )


def _tell_failed(found: Plan, outcomes: list[Outcome]) -> None:
    failed = [outcome for outcome in outcomes if outcome.error]
    say(f"{len(failed)} of {len(found.jobs)} failed:")
    for outcome in failed:
        if outcome.error and not outcome.fatal:
            say(f"  {plain(outcome.job.label)}: {text_of(outcome.error)}")
    if len(outcomes) < len(found.jobs):
        say(f"  and {len(found.jobs) - len(outcomes)} were not tried.")


def _exit(errors: list[Exception], gone: Exception | None, *, done: bool) -> Exit:
    kinds = {exit_of(error) for error in errors}
    if not kinds:
        return Exit.DONE
    if gone:
        return Exit.NO_SERVER
    return kinds.pop() if len(kinds) == 1 and not done else Exit.SOME_FAILED
