"""Run one target for a while and say how far it came.

python -m fuzz decode|parse [--seconds 60]

Exit code 1 for a crash, for more than 1 GiB of memory and for an input that takes over 10 s; the input is kept in
`out.fuzz/`. To see it again: `python -m fuzz.decode out.fuzz/crash-…`.
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
TIMEOUT = 10
_CRASH = re.compile("== *(ERROR|WARNING)|=== Uncaught")


def main() -> int:
    """The exit code of the run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=["decode", "parse"])
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="darkroom-fuzz-") as folder:
        corpus = seeds.plant(asked.target, Path(folder))
        return _run(asked.target, corpus, seeds.dictionary(Path(folder)), asked.seconds)


def _run(target: str, corpus: Path, words: Path, seconds: int) -> int:
    planted = len(list(corpus.iterdir()))
    command = [
        *(sys.executable, "-m", f"fuzz.{target}", str(corpus), f"-max_total_time={seconds}", f"-dict={words}"),
        *(f"-rss_limit_mb={MEMORY_MIB}", f"-timeout={TIMEOUT}", f"-artifact_prefix={KEPT}/", "-print_final_stats=1"),
        *("-max_len=65536", "-verbosity=0", "-seed=1"),
    ]
    quiet = {**os.environ, "OPENCV_LOG_LEVEL": "SILENT"}
    ran = subprocess.run(command, cwd=ROOT, env=quiet, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if ran.returncode:
        told = _CRASH.search(ran.stderr)
        print(ran.stderr[told.start() if told else 0 :], file=sys.stderr)
    verdict = "no crash" if ran.returncode == 0 else f"FAILED (exit code {ran.returncode}, input in {KEPT.name}/)"
    stats = {name: int(value) for name, value in re.findall(r"stat::(\w+):\s+(\d+)", ran.stderr)}
    print(
        f"fuzz {target}: {stats.get('number_of_executed_units', 0)} executions in {seconds} s from {planted} seeds, "
        f"{stats.get('new_units_added', 0)} new inputs, peak {stats.get('peak_rss_mb', 0)} MiB: {verdict}"
    )
    return int(ran.returncode != 0 or not stats.get("number_of_executed_units"))


if __name__ == "__main__":
    sys.exit(main())
