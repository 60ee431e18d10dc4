"""`darkroom detect`: what is in pictures, as a table, as JSON, and drawn over them."""

import sys
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkroom_client.cli.batch import Bar
from darkroom_client.cli.common import UsageError, connect
from darkroom_client.cli.findings import print_json, print_table
from darkroom_client.cli.plan import Job, Where, plan_detections
from darkroom_client.cli.report import Outcome, run_jobs
from darkroom_client.cli.table import line
from darkroom_client.client import Darkroom, PictureFindings, Result
from darkroom_client.errors import DarkroomError
from darkroom_client.files import Writer
from darkroom_client.media import format_of

if TYPE_CHECKING:
    from darkroom_client.findings import Task


@dataclass(frozen=True)
class DetectOutcome(Outcome):
    """What was found in one picture, where it was drawn, or an error."""

    seen: PictureFindings | None = None


def detect(args: Namespace) -> int:
    """Send the pictures, show what is in them, and report."""
    if args.inputs == ["-"] and sys.stdin.isatty():
        raise UsageError("- reads a picture from stdin: pipe one in, as in  cat photo.jpg | darkroom detect -")
    found = plan_detections(args.inputs, args.draw)
    writer = Writer(force=args.force)
    with connect(args) as darkroom:
        detector = _Detector(args, darkroom, writer)
        return run_jobs(args, found, writer, detector, _Printer(args))


class _Detector:
    """What is done with each picture. Called from several threads."""

    def __init__(self, args: Namespace, darkroom: Darkroom, writer: Writer) -> None:
        self._darkroom = darkroom
        self._writer = writer
        self._force: bool = args.force
        self._draw = args.draw is not None
        self._wanted: dict[str, Any] = {name: getattr(args, name) for name in ("task", "model", "classes", "score")}

    def __call__(self, job: Job) -> DetectOutcome:
        try:
            return self._detect(job)
        except (DarkroomError, OSError) as error:
            return DetectOutcome(job, error=error)

    def _detect(self, job: Job) -> DetectOutcome:
        if job.where is Where.FILE and not self._force and job.target.exists():
            raise FileExistsError(0, "", str(job.target))
        kind = format_of(job.target) if job.where is Where.FILE else None
        seen = self._darkroom.detect(job.source or sys.stdin.buffer, draw=self._draw, format=kind, **self._wanted)
        return DetectOutcome(job, seen=seen, path=self._save(job, seen.drawn) if seen.drawn else None)

    def _save(self, job: Job, drawn: Result) -> Path:
        path = job.path_for(drawn.content_type)
        try:
            self._writer.save(path, drawn.data)
        except FileExistsError as error:
            raise FileExistsError(0, "", str(path)) from error
        return path


class _Printer:
    """Prints the findings of each picture to stdout."""

    def __init__(self, args: Namespace) -> None:
        self._json: bool = args.json
        self._task: Task = args.task
        self._between = ""

    def __call__(self, outcome: DetectOutcome, bar: Bar) -> None:
        if outcome.seen is None:
            return
        if sys.stdout.isatty():
            bar.hide()
        if self._json:
            print_json(outcome.job.label, outcome.seen)
        else:
            line(f"{self._between}{outcome.job.label}, {outcome.seen.width} × {outcome.seen.height}")
            print_table(outcome.seen, self._task)
            self._between = "\n"
