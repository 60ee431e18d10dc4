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


class Told(argparse.Namespace):
    """The command's words."""

    cloud: str
    seed: int = 1
    deliveries: int = 2000
    objects: int = 600
    kills: int = 40
    deletes: int = 25
    mutation: str | None = None


def once(told: Told) -> tuple[Tally, list[str], str]:
    """One run: what happened, what was broken, and a line about it."""
    _import_heavy(told.cloud)
    written = script.written(told.seed, told.objects, told.deliveries, told.deletes / 100)
    began = time.monotonic()
    with clouds.CLOUDS[told.cloud](told.seed) as cloud, tempfile.TemporaryDirectory() as folder:
        cloud.proxy.befall(*clouds.faults())
        place = Place(cloud.scheme, cloud.options(), Path(folder) / "catalog.sqlite", told.mutation)
        tally = Run(written, cloud, place, seed=told.seed, kills=told.kills).go()
        counts = cloud.proxy.counts()
        cloud.proxy.befall()
        judging = judge.Judge(written, place, cloud.proxy.ledger(), tally)
        breaches = judging.breaches()
    calls, faults = sum(counts["calls"].values()), counts["faults"]
    line = (
        f"{told.cloud} seed {told.seed}{f' {told.mutation}' if told.mutation else ''}: {tally.changes} changes, "
        f"{tally.deliveries} deliveries ({tally.repeats} repeats, {tally.redelivered} redelivered), {tally.hurried} hurried, "  # noqa: E501
        f"{tally.kills} kills, {calls} calls, {sum(faults.values()) / calls:.1%} faults ({faults.get('lost', 0) + faults.get('503-after', 0)} "  # noqa: E501
        f"lost answers), {tally.outcomes}, {judging.rewritten} written again after a removal, {judging.blind} of the same bytes that S3 cannot tell, "  # noqa: E501
        f"{time.monotonic() - began:.0f} s: {len(breaches)} breaches"
    )
    return tally, breaches, line


def _import_heavy(cloud: str) -> None:
    """Before workers are forked: a fork costs milliseconds, an import a second."""
    importlib.import_module({"gs": "google.cloud.storage", "s3": "boto3"}[cloud])


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cloud", choices=clouds.CLOUDS)
    for name in ("seed", "deliveries", "objects", "kills", "deletes"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Told, name))
    parser.add_argument("--mutation", choices=MUTATIONS)
    told = parser.parse_args(namespace=Told())
    _, breaches, line = once(told)
    print(line)
    for breach in breaches[:10]:
        print(f"  {breach}")
    return int(bool(breaches) == (told.mutation is None))


if __name__ == "__main__":
    sys.exit(main())
