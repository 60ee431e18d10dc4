"""Run one target for a while and print its statistics.

python -m fuzz decode|parse [--seconds 60] [--only tiff]

Exit code 1 for a crash, for more than 1 GiB of memory and for an input that takes over 10 s of CPU (an abort); it is
saved in `out.fuzz/`. To replay it: `python -m fuzz.decode out.fuzz/crash-…`.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from fuzz import seeds

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "out.fuzz"
MEMORY_MIB = 1024
WAITED = 1200
"""Seconds by the clock: a deadlock. Work is limited by CPU (`fuzz/cpu.py`), which a busy machine does not add to."""
_CRASH = re.compile("== *(ERROR|WARNING)|=== Uncaught")


ROUND = 20
"""Seconds of one process. atheris never frees the results of array comparisons (36 kB a JPEG), so it is restarted: in a
minute they grew to a gigabyte once."""


def main() -> int:
    """The exit code of the run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=["decode", "parse"])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--only", default="", metavar="FORMAT", help="begin with the pictures of one format")
    asked = parser.parse_args()
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="darkroom-fuzz-") as folder:
        corpus = seeds.plant(asked.target, Path(folder), asked.only)
        return _run(asked.target, corpus, seeds.dictionary(Path(folder)), asked.seconds)


def _run(target: str, corpus: Path, words: Path, seconds: int) -> int:
    """Rounds over one corpus that grows, until the time is up or something fails."""
    planted, executed, peak, code = len(list(corpus.iterdir())), 0, 0, 0
    for number, left in enumerate(range(seconds, 0, -ROUND), 1):
        code, stats = _round(target, corpus, words, min(left, ROUND), number)
        executed += stats.get("number_of_executed_units", 0)
        peak = max(peak, stats.get("peak_rss_mb", 0))
        if code:
            break
    found = len(list(corpus.iterdir())) - planted
    verdict = f"FAILED (exit code {code}, input in {KEPT.name}/)" if code else "no crash"
    print(
        f"fuzz {target}: {executed} executions in {seconds} s from {planted} seeds, {found} new inputs, "
        f"peak {peak} MiB: {verdict}"
    )
    return int(code != 0 or not executed)


def _round(target: str, corpus: Path, words: Path, seconds: int, number: int) -> tuple[int, dict[str, int]]:
    """One process: its exit code, and libFuzzer's counts."""
    command = [
        *(sys.executable, "-m", f"fuzz.{target}", str(corpus), f"-max_total_time={seconds}", f"-dict={words}"),
        *(f"-rss_limit_mb={MEMORY_MIB}", f"-timeout={WAITED}", f"-artifact_prefix={KEPT}/", "-print_final_stats=1"),
        *("-max_len=65536", "-verbosity=0", f"-seed={number}"),
    ]
    quiet = {**os.environ, "OPENCV_LOG_LEVEL": "SILENT"}
    ran = subprocess.run(command, cwd=ROOT, env=quiet, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if ran.returncode:
        told = _CRASH.search(ran.stderr)
        print(ran.stderr[told.start() if told else 0 :], file=sys.stderr)
    return ran.returncode, {name: int(value) for name, value in re.findall(r"stat::(\w+):\s+(\d+)", ran.stderr)}


if __name__ == "__main__":
    sys.exit(main())
