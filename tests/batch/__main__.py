"""The long proof of batches: `make prove-batch` (ARGS="--objects 2000").

Many small objects go through processes, tasks of a job and Apache Beam, and come out alike; through processes while
they are killed ten times, each once; memory is that of a tenth; the forecast is what it took; and what a batch adds to
plain work is measured. Each line says what was promised, and what came.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.batch.memory import most_memory
from tests.batch.plain import overhead
from tests.batch.support import (
    PRISM,
    SECONDS,
    WRITES,
    beam,
    checksums,
    command,
    finish,
    killed,
    make_objects,
    marks,
    run,
    start,
    told,
)  # fmt: skip

KILLS, TASKS, DAMAGED = 10, 4, 5


class Proof:
    """One run of everything, in a folder of its own."""

    def __init__(self, folder: Path, objects: int) -> None:
        self.folder, self.objects = folder, objects
        self.failed = 0
        self.source = make_objects(folder / "in", objects, damaged=DAMAGED)
        self.alike: dict[str, str] = {}

    def check(self, what: str, holds: bool, found: str) -> None:
        """Print a promise and what came of it."""
        self.failed += not holds
        print(f"{'ok ' if holds else 'NO '} {what}: {found}", flush=True)

    def forecast(self) -> None:
        """A dry run says what the run then takes: one before it and one after, since a busy machine changes."""
        target, forecasts = self.folder / "local", []
        forecasts.append(run(self.source, self.folder / "none", "--dry-run"))
        began = time.monotonic()
        used = run(self.source, target, codes=[1])
        print(f"    processes took {time.monotonic() - began:.0f} s\n{used}")
        forecasts.append(run(self.source, self.folder / "none", "--dry-run"))
        written = (self.folder / "none").exists()
        self.check("a dry run writes nothing", not written, str(written))
        for name, pattern in {"core-seconds": SECONDS, "writes": WRITES}.items():
            before, after, came = (told(one, pattern) for one in (*forecasts, used))
            found = f"{before:,.1f} before, {after:,.1f} after; {came:,.1f}"
            self.check(f"{name} within 20 % of the forecast", abs((before + after) / 2 / came - 1) <= 0.2, found)
        self.alike = checksums(target)
        self.check("every picture has its result", len(self.alike) == self.objects - DAMAGED, f"{len(self.alike):,}")

    def kills(self) -> None:
        """Killed ten times, nothing is made twice."""
        target, seen, changed = self.folder / "killed", dict[str, tuple[int, int]](), 0
        step = self.objects // (KILLS + 2)
        for _ in range(KILLS):
            now = killed(self.source, target, len(seen) + step)
            changed += sum(now.get(name) != mark for name, mark in seen.items())
            seen = now
        run(self.source, target, codes=[1])
        now = marks(target)
        changed += sum(now.get(name) != mark for name, mark in seen.items())
        self.check(f"killed {KILLS} times, no result made twice", not changed, f"{changed} of {len(seen):,} made again")
        file = self.folder / "killed.jsonl"
        run(self.source, target, "--manifest", str(file))
        sources = [line.split('"', 4)[3] for line in file.read_text().splitlines()]
        once = len(set(sources)) == len(sources) == self.objects
        self.check("each object once in the manifest", once, f"{len(set(sources)):,} in {len(sources):,} rows")
        self.same("killed and resumed", target)

    def tasks(self) -> None:
        """The split of a job of Cloud Run."""
        target = self.folder / "tasks"
        jobs = [
            start(command(self.source, target, "--processes", "1"),
                  {"CLOUD_RUN_TASK_INDEX": str(index), "CLOUD_RUN_TASK_COUNT": str(TASKS)})
            for index in range(TASKS)
        ]  # fmt: skip
        for job in jobs:
            finish(job, 0, 1)
        self.same(f"{TASKS} tasks", target)

    def beams(self) -> None:
        """Apache Beam, on its own runner and on a portable one."""
        if not PRISM.exists():
            self.check("Apache Beam", False, "make .venv-beam/bin/prism")
            return
        for name, arguments in {
            "FnApiRunner": ["--runner=FnApiRunner"],
            "PrismRunner": ["--runner=PrismRunner", f"--prism_location={PRISM}", "--environment_type=LOOPBACK"],
        }.items():
            target, began = self.folder / name, time.monotonic()
            print(f"    {beam(self.source, target, self.folder / 'rows' / name, *arguments).strip()}")
            print(f"    {name} took {time.monotonic() - began:.0f} s")
            self.same(name, target)

    def memory(self) -> None:
        """All processes together, at their most, for a tenth and for the whole."""
        few = make_objects(self.folder / "few", self.objects // 10)
        small, large = (most_memory(one, self.folder / f"of-{one.name}") for one in (few, self.source))
        found = f"{small / 2**20:.1f} and {large / 2**20:.1f} MiB of its own (PSS)"
        self.check("memory within 5 %", large <= 1.05 * small, found)

    def overhead(self) -> None:
        """CPU of a small object beside a plain loop."""
        found = overhead(self.source, self.folder / "plain", min(self.objects - DAMAGED, 1000))
        self.check("at most 2 ms of CPU an object beside a plain loop", found.more <= 0.002, str(found))

    def same(self, name: str, target: Path) -> None:
        """The same results as by processes that nothing disturbed."""
        found = checksums(target)
        self.check(f"{name}: the same results", found == self.alike, f"{len(found):,} results")
        shutil.rmtree(target)


def main() -> int:
    """The exit code: 1 if a promise does not hold."""
    parser = argparse.ArgumentParser("python -m tests.batch", description=__doc__)
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--only", nargs="*", default=["overhead", "forecast", "memory", "kills", "tasks", "beams"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        proof = Proof(Path(folder), options.objects)
        for name in options.only:
            getattr(proof, name)()
    return int(proof.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
