"""`darkroom run`: pictures through a pipeline."""

import json
import sys
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkroom_client.cli.batch import Bar
from darkroom_client.cli.common import UsageError, connect, plain
from darkroom_client.cli.plan import Job, Plan, Where, plan
from darkroom_client.cli.report import Outcome, run_jobs
from darkroom_client.client import Darkroom, Result
from darkroom_client.errors import DarkroomError
from darkroom_client.files import Writer
from darkroom_client.media import JSON, format_of, type_named


@dataclass(frozen=True)
class RunOutcome(Outcome):
    """The outcome of one picture: a file, a result to print, an error, or nothing if its result was there already."""

    result: Result | None = None


def run(args: Namespace) -> int:
    """Send the pictures, write the results, and report."""
    _check(args)
    found = plan(args.inputs, args.output, kind="json" if args.json else args.format)
    args.skip_existing = (args.skip_existing or found.folders) and not args.force
    writer = Writer(force=args.force)
    with connect(args) as darkroom:
        return run_jobs(args, found, writer, _Sender(args, darkroom, writer, _format(args, found)), _show)


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
        self._skips: bool = args.skip_existing
        self._pipeline: str = args.pipeline
        self._options: dict[str, Any] = {
            **dict(args.option),
            "format": kind,
            "quality": args.quality,
            "pictures": dict(args.picture),
        }

    def __call__(self, job: Job) -> RunOutcome:
        try:
            return self._send(job)
        except (DarkroomError, OSError) as error:
            return RunOutcome(job, error=error)

    def _send(self, job: Job) -> RunOutcome:
        if (path := self._existing(job)) is not None:
            if self._skips:
                return RunOutcome(job, skipped=True)
            raise FileExistsError(0, "", str(path))
        stored: dict[str, Any] = {"to": job.address} if job.where is Where.REMOTE else {}
        result = self._darkroom.process(job.source or sys.stdin.buffer, self._pipeline, **self._options, **stored)
        if job.where is Where.REMOTE:
            return RunOutcome(job, path=job.address)
        if job.where is Where.STDOUT or (job.where is Where.BESIDE and result.content_type == JSON):
            return RunOutcome(job, result=result)
        path = job.path_for(result.content_type)
        try:
            self._writer.save(path, result.data)
        except FileExistsError as error:
            raise FileExistsError(0, "", str(path)) from error
        return RunOutcome(job, path=path)

    def _existing(self, job: Job) -> Path | None:
        """The file that stands in the way, found before anything is sent; the server may choose another suffix."""
        kind = self._options["format"]
        if self._force or (kind == "json" and job.where is Where.BESIDE):
            return None
        if job.where is Where.FILE or kind is not None or self._skips:
            return job.existing(JSON if kind == "json" else type_named(kind) or None if kind else None)
        return None


def _format(args: Namespace, found: Plan) -> str | None:
    """The format to request: `--json`, `--format`, or that of the named output file's suffix."""
    if args.json:
        return "json"
    named: str | None = args.format
    only = found.jobs[0]
    return format_of(only.target) if named is None and only.where is Where.FILE else named


def _show(outcome: RunOutcome, bar: Bar) -> None:
    """Print a result that goes to stdout."""
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
        raise UsageError("a picture cannot be printed to a terminal: use -o FILE, or a pipe.")
    else:
        data = outcome.result.data
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
