r"""The batch of functions.jobs.batch on Apache Beam: on Dataflow, Flink or Spark, or on this machine.

python -m functions.jobs.beam --from ./in --to ./out --pipeline resize:1600 --rows ./rows/all --runner=FnApiRunner

It needs the packages of requirements-beam.txt. Options that are none of these are Beam's: name a --runner, for without
one Beam tries several. Addresses go from step to step, never the bytes of pictures; each process opens stores and
models once. --rows gets a line of JSON for each object, --rows-failed one for each that failed, in several files.

Results carry the marks of their sources, so what Beam tries again, a second start, another runner and the events of
uploads make nothing twice. Beam keeps the state of its own runs: there is no ledger, and no --retry-failed.

Exit code 0: all done, 1: some pictures failed, 2: wrong usage or settings, 3: Beam's job broke off.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from functions.jobs import heed_interrupts, run
from functions.jobs.batch import FAILED, STOPPED, USAGE, add_subject, batch_options, positive
from functions.jobs.beam_steps import COUNTED, Told, is_failed, listed, processed
from service.batch.batch import BatchOptions, open_batch
from service.batch.errors import BatchError
from service.settings import SettingsError

_SECRET = ("KEY", "KEY_2", "KEYS", "MONGO", "TOKEN")
"""Ends of names of settings that are not sent to other machines: a batch needs none of them."""
_LONGEST = 30 * 24 * 3600
"""Seconds that a job may take. Beam's own 300 of --job_server_timeout cut off the news of every job that takes longer,
whatever its help says: they are the deadline of the stream of states, and a runner that this command has started ends
with it."""
_ANSWERS = 60
"""Seconds in which a job server must answer."""


def _parser() -> argparse.ArgumentParser:
    """The command line, without Beam's own options."""
    made = argparse.ArgumentParser(
        "python -m functions.jobs.beam", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_subject(made)
    made.add_argument("--state", default="", metavar="PLACE", help="of failures; unset: DARKROOM_RESULTS, else by --to")
    made.add_argument(
        "--attempts", type=positive, default=3, metavar="N", help="at a picture whose failure may pass (3)"
    )
    made.add_argument("--rows", default="", metavar="PREFIX", help="of files that say what became of each object")
    made.add_argument("--rows-failed", default="", metavar="PREFIX", help="the same of those that failed")
    return made


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    options, beams = _parser().parse_known_args(arguments)
    try:
        told = _told(batch_options(options))
        open_batch(told[0], dict(told[1]))  # every mistake is told here, not by workers elsewhere
    except (BatchError, SettingsError) as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    if not _is_installed():
        sys.stderr.write("Apache Beam is not installed here: `make .venv-beam/.done` installs requirements-beam.txt.\n")
        return USAGE
    return _run(told, options.rows, options.rows_failed, beams)


def _is_installed() -> bool:
    try:
        import apache_beam  # noqa: F401
    except ImportError:
        return False
    return True


def _run(told: Told, rows: str, failed: str, beams: Sequence[str]) -> int:
    """Run the batch, and wait for its end."""
    import apache_beam as beam
    import grpc

    chosen = beam_options(beams)
    pipeline = beam.Pipeline(options=chosen)
    made = (
        pipeline
        | "begin" >> beam.Create([None])
        | "list" >> beam.FlatMap(listed, told)
        | "share" >> beam.Reshuffle()
        | "process" >> beam.Map(processed, told)
    )
    if rows:
        _write(beam, made, "all", rows)
    if failed:
        _write(beam, made | "choose" >> beam.Filter(is_failed), "failed", failed)
    try:
        _await_server(chosen)
        result = pipeline.run()
        result.wait_until_finish()
    except (RuntimeError, grpc.RpcError, grpc.FutureTimeoutError) as error:
        sys.stderr.write(
            f"Beam's job broke off; another start makes what is missing. {type(error).__name__}: {error}\n"
        )
        return STOPPED
    except KeyboardInterrupt:
        return STOPPED
    counts = {
        counter.key.metric.name: counter.committed
        for counter in result.metrics().query()["counters"]
        if counter.key.metric.namespace == COUNTED
    }
    sys.stdout.write(f"{counts.get('objects', 0):,} objects, {counts.get('failed', 0):,} failed.\n")
    return FAILED if counts.get("failed") else 0


def beam_options(arguments: Sequence[str]) -> Any:
    """Beam's PipelineOptions: these arguments, and a job may take longer than Beam lets it."""
    from apache_beam.options.pipeline_options import PipelineOptions

    return PipelineOptions([f"--job_server_timeout={_LONGEST}", *arguments])


def _await_server(options: Any) -> None:
    """Wait for the job server, if one is named. grpc.FutureTimeoutError if it does not answer."""
    import grpc
    from apache_beam.options.pipeline_options import PortableOptions

    server = options.view_as(PortableOptions)
    if server.job_endpoint and server.job_endpoint != "embed":
        with grpc.insecure_channel(server.job_endpoint) as channel:
            grpc.channel_ready_future(channel).result(timeout=min(_ANSWERS, server.job_server_timeout))


def _write(beam: Any, rows: Any, name: str, prefix: str) -> None:
    text = rows | f"{name} as text" >> beam.Map(bytes.decode)
    text | f"write {name}" >> beam.io.WriteToText(prefix, file_name_suffix=".jsonl")


def _told(options: BatchOptions) -> Told:
    """What workers are told: the batch, and the settings without secrets."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("DARKROOM_")}
    kept = sorted(one for one in settings.items() if not one[0].endswith(_SECRET))
    return options, tuple(kept)


if __name__ == "__main__":
    heed_interrupts()
    run(main)
