"""See the package: `python -m tools.chaos gs --seed 1`."""

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

from tools.chaos import __doc__ as about
from tools.chaos import clouds, judge, script
from tools.chaos.deliverer import Run, Tally
from tools.chaos.mutations import MUTATIONS
from tools.chaos.worker import Place


class Arguments(argparse.Namespace):
    """The command line."""

    cloud: str
    seed: int = 1
    deliveries: int = 2000
    objects: int = 600
    kills: int = 40
    deletes: int = 25
    mutation: str | None = None


def run_once(arguments: Arguments) -> tuple[Tally, list[str], str]:
    """One run: its tally, the violations, and a summary line."""
    _import_heavy(arguments.cloud)
    written = script.written(arguments.seed, arguments.objects, arguments.deliveries, arguments.deletes / 100)
    began = time.monotonic()
    with clouds.CLOUDS[arguments.cloud](arguments.seed) as cloud, tempfile.TemporaryDirectory() as folder:
        cloud.proxy.befall(*clouds.faults())
        place = Place(cloud.scheme, cloud.options(), Path(folder) / "catalog.sqlite", arguments.mutation)
        tally = Run(written, cloud, place, seed=arguments.seed, kills=arguments.kills).go()
        counts = cloud.proxy.counts()
        cloud.proxy.befall()
        checker = judge.Judge(written, place, cloud.proxy.ledger(), tally)
        violations = checker.violations()
    calls, faults = sum(counts["calls"].values()), counts["faults"]
    mutation = f" {arguments.mutation}" if arguments.mutation else ""
    line = (
        f"{arguments.cloud} seed {arguments.seed}{mutation}: {tally.changes} changes, "
        f"{tally.deliveries} deliveries ({tally.repeats} repeats, {tally.redelivered} redelivered), {tally.hurried} hurried, "  # noqa: E501
        f"{tally.kills} kills, {calls} calls, {sum(faults.values()) / calls:.1%} faults ({faults.get('lost', 0) + faults.get('503-after', 0)} "  # noqa: E501
        f"lost responses), {tally.outcomes}, {checker.rewritten} rewritten after a removal, {checker.blind} identical rewrites that S3 cannot distinguish, "  # noqa: E501
        f"{time.monotonic() - began:.0f} s: {len(violations)} violations"
    )
    return tally, violations, line


def _import_heavy(cloud: str) -> None:
    """Import before workers are forked: a fork takes milliseconds, an import a second."""
    importlib.import_module({"gs": "google.cloud.storage", "s3": "boto3"}[cloud])


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cloud", choices=clouds.CLOUDS)
    for name in ("seed", "deliveries", "objects", "kills", "deletes"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Arguments, name))
    parser.add_argument("--mutation", choices=MUTATIONS)
    arguments = parser.parse_args(namespace=Arguments())
    _, violations, line = run_once(arguments)
    print(line)
    for violation in violations[:10]:
        print(f"  {violation}")
    return int(bool(violations) == (arguments.mutation is None))


if __name__ == "__main__":
    sys.exit(main())
