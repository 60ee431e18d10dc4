"""Process every picture below a folder or a prefix, once, however often this is started or killed.

python -m functions.jobs.batch --from ./in --to ./out --pipeline resize:1600 --format webp
python -m functions.jobs.batch --from gs://photos/2024/ --to gs://web/ --pipeline preset:thumbnail --dry-run
python -m functions.jobs.batch --rules rules.toml --from gs://photos/        what the rules make of each upload
… --retry-failed                                      once more what failed
… --manifest all.parquet --failures failed.csv        tables of what was made, and of what was not

The same command goes on where it was stopped, and makes nothing twice: results carry the mark of their source, and are
written by compare-and-swap, as those of uploads are. Ctrl-C finishes what is in flight; a second one does not wait.
Of a job of Cloud Run with several tasks, each takes its share; elsewhere --task and --tasks say which.

Settings are those of the server (docs/settings.md); addresses are file://, gs:// or s3://, or paths of this machine.

Exit code 0: all done, 1: some pictures failed, 2: wrong usage or settings, 3: stopped before the end.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.errors import DarkroomError
from functions.jobs import batch_text, heed_interrupts, run
from functions.jobs.batch_run import BatchRun, forecast_of
from service.batch.batch import Batch, BatchOptions, open_batch
from service.batch.bounds import BatchBounds
from service.batch.errors import BatchError
from service.batch.listing import Share
from service.batch.manifest import TableError, write_table
from service.batch.places import absolute
from service.batch.work import Spent
from service.errors import reason_of
from service.settings import SettingsError
from storage.errors import NoBucketError, TransientError

FAILED, USAGE, STOPPED = 1, 2, 3
_MOST_PROCESSES = 256
"""As many as the setting `at_once` admits."""
_MOST_TASKS = 10_000
"""Of a job of Cloud Run: https://cloud.google.com/run/quotas."""


def _parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        "python -m functions.jobs.batch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_subject(made)
    how = made.add_argument_group("how")
    how.add_argument("--dry-run", action="store_true", help="say what it would take and cost, and write nothing")
    how.add_argument(
        "--max-cost", type=dollars, metavar="DOLLARS", help="refuse what would cost more; stop where it does"
    )
    how.add_argument("--max-objects", type=positive, metavar="N", help="stop after so many, of this start")
    how.add_argument("--again", action="store_true", help="if it is done: look at everything again")
    how.add_argument("--retry-failed", action="store_true", help="if it is done: try again what failed")
    how.add_argument("--processes", type=processes, default=0, metavar="N", help="unset: by cores and memory")
    how.add_argument(
        "--threads", type=positive, default=0, metavar="N", help="of each; unset: 1 for folders, 4 for clouds"
    )
    how.add_argument(
        "--attempts", type=positive, default=3, metavar="N", help="at a picture whose failure may pass (3)"
    )
    how.add_argument("--state", default="", metavar="PLACE",
                     help="of ledger and failures; unset: DARKROOM_RESULTS, else .batch/ below --to")  # fmt: skip
    how.add_argument("--name", default="", help="of the batch in there; unset: made of what is to be done")
    how.add_argument("--task", type=task, default=os.environ.get("CLOUD_RUN_TASK_INDEX", "0"), metavar="N",
                     help="which share this is, from 0; unset: CLOUD_RUN_TASK_INDEX, else 0")  # fmt: skip
    how.add_argument("--tasks", type=tasks, default=os.environ.get("CLOUD_RUN_TASK_COUNT", "1"), metavar="N",
                     help="how many share the work; unset: CLOUD_RUN_TASK_COUNT, else 1")  # fmt: skip
    told = made.add_argument_group("what is told of it; with one of these, nothing is processed")
    for name, rows in {"--manifest": "all objects", "--failures": "those that failed, with reasons"}.items():
        told.add_argument(name, type=Path, metavar="FILE", help=f"a table of {rows}: .jsonl, .csv or .parquet")
    return made


def positive(text: str) -> int:
    """A whole number from 1. ArgumentTypeError."""
    return _whole(text, 1, 2**31 - 1, "from 1")


def processes(text: str) -> int:
    """How many processes: as many as may compute at once. ArgumentTypeError."""
    return _whole(text, 1, _MOST_PROCESSES, f"from 1 to {_MOST_PROCESSES}")


def task(text: str) -> int:
    """Which share, from 0. ArgumentTypeError."""
    return _whole(text, 0, _MOST_TASKS - 1, f"from 0 to {_MOST_TASKS - 1:,}")


def tasks(text: str) -> int:
    """How many shares. ArgumentTypeError."""
    return _whole(text, 1, _MOST_TASKS, f"from 1 to {_MOST_TASKS:,}")


def _whole(text: str, least: int, most: int, words: str) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text[:19]) <= most):
        raise argparse.ArgumentTypeError(f'"{text[:40]}" should be a whole number {words}')
    return int(text)


def dollars(text: str) -> float:
    """An amount of money, at least 0. ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f'"{text[:40]}" should be an amount such as 2.50')
    return value


def place(text: str) -> str:
    """A path or an address. ArgumentTypeError where there is none."""
    if not text:  # a variable of a script that is unset; as a path it would be the folder that it runs in
        raise argparse.ArgumentTypeError("it is empty; . is the folder that this runs in")
    return text


def add_subject(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is processed, and into what."""
    what = parser.add_argument_group("what to process")
    what.add_argument("--from", dest="source", required=True, type=place, metavar="PLACE",
                      help="folder, file, or address prefix")  # fmt: skip
    template = "template such as gs://web/{dir}/{stem}.{ext} (docs/buckets.md)"
    what.add_argument("--to", dest="target", default="", metavar="PLACE", help=f"folder, prefix, or {template}")
    what.add_argument("--pipeline", default="", help="steps, such as resize:1600/sharpen")
    what.add_argument("--format", default="", help="of the results; unset: that of each source, if it can be written")
    what.add_argument("--quality", type=int, help="of the results")
    what.add_argument("--rules", default="", metavar="FILE", help="a file of rules instead of --to, --pipeline, …")
    what.add_argument("--match", default="", metavar="GLOB",
                      help="such as '**.{jpg,JPG}', below --from; unset: all that are named as pictures")  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    options = _parser().parse_args(arguments)
    if not 0 <= options.task < options.tasks:
        return _wrong(f"--task ({options.task}) must be below --tasks ({options.tasks}): the shares count from 0.")
    share = Share(options.task, options.tasks)
    try:
        batch = open_batch(msgspec.structs.replace(batch_options(options), at_once=options.processes))
        if options.manifest or options.failures:
            return _write_tables(batch, options)
        bounds = BatchBounds.of(
            batch.selection.prefix.scheme, options.processes, options.threads, options.max_objects, options.max_cost
        )
        return _dry_run(batch, share, bounds) if options.dry_run else _process(batch, share, bounds, options)
    except (BatchError, SettingsError, TableError) as error:
        return _wrong(str(error))
    except DarkroomError as error:
        code = STOPPED if isinstance(error, TransientError) else USAGE
        return _wrong(error.detail, code)
    except KeyboardInterrupt:
        return STOPPED


def batch_options(options: argparse.Namespace) -> BatchOptions:
    """What these arguments say of a batch. BatchError if the file of rules cannot be read."""
    file = options.rules or ("" if options.target else os.environ.get("DARKROOM_RULES", ""))
    texts = ("pipeline", "format", "match", "state", "attempts", "quality")
    return BatchOptions(
        source=absolute(options.source), target=absolute(options.target), rules=_read(file) if file else "",
        name=getattr(options, "name", ""), **{name: getattr(options, name) for name in texts},
    )  # fmt: skip


def _read(file: str) -> str:
    try:
        return Path(file).read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise BatchError(f'"{file}" cannot be read: {reason_of(error)}.') from None


def _dry_run(batch: Batch, share: Share, bounds: BatchBounds) -> int:
    sys.stdout.write(batch_text.forecast_text(forecast_of(batch, share, bounds), bounds))
    return 0


def _process(batch: Batch, share: Share, bounds: BatchBounds, options: argparse.Namespace) -> int:
    run = BatchRun(batch, share, bounds, anew=options.again, retry_failed=options.retry_failed)
    summary = run.run()
    sys.stdout.write(batch_text.summary_text(summary))
    if not summary.ended:
        return STOPPED
    return FAILED if summary.totals.failed else 0


def _write_tables(batch: Batch, options: argparse.Namespace) -> int:
    """Write what the latest pass has noted so far."""
    ledger = batch.ledger(batch.stores(Spent()))
    try:
        latest = ledger.latest()
    except NoBucketError:
        if ledger.place.scheme != "file":
            raise
        latest = None  # a folder that is not there yet
    if latest is None:
        raise BatchError("Nothing has been processed yet.")
    if options.manifest:
        count = write_table(ledger.all_rows(latest), options.manifest)
        sys.stdout.write(f"{options.manifest}: {count:,} objects\n")
    if options.failures:
        count = write_table((row for row in ledger.all_rows(latest) if row.failed), options.failures)
        sys.stdout.write(f"{options.failures}: {count:,} objects that failed\n")
    return 0


def _wrong(text: str, code: int = USAGE) -> int:
    sys.stderr.write(f"{text}\n")
    return code


if __name__ == "__main__":
    heed_interrupts(signal.SIGTERM)
    run(main)
