"""Two commits of this project side by side: core-milliseconds a request, in interleaved rounds.

python -m bench.compare BASE [--rounds 15] [--only resize]     BASE is a commit; beside it, the working tree
python -m bench.compare BASE --imports                         what `import main` costs, beside bare imports

A ratio is base / now, so more than 1 is quicker than before. A round measures both, in turn first and second; a line
holds where the better end of the median's 95 % interval (bootstrap) is at least 0.98. Exit code 1 where one does not.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import client, pictures
from bench.imports import BARE, cpu_of
from bench.marks import mark
from bench.server import Server, serving
from bench.sight_tools import MODELS

ROOT = Path(__file__).resolve().parent.parent
LEAST = 0.98
REQUESTS = {
    "health": ("/health", ""),
    "blur": ("/v1/process", "blur:15"),
    "upload": ("/upload", "blur:15"),
    "resize": ("/v1/process", "resize:800"),
    "gray": ("/v1/process", "grayscale"),
    "four": ("/v1/process", "resize:800/sepia/contrast:1.2/sharpen"),
    "palette": ("/v1/process", "palette"),
    "detect": ("/v1/process", "detect"),
    "detect, counted": ("/v1/process", "detect/count"),
    "detect, YOLOX-Nano": ("/v1/process", "detect:model=yolox_nano"),
    "segment": ("/v1/process", "segment:model=road-segmentation-adas-0001"),
    "classify": ("/v1/process", "classify:model=mobilenet_v2"),
}


def interval(values: Sequence[float], draws: int = 4000) -> tuple[float, float]:
    """The 95 % interval of a median, by bootstrap."""
    dice = random.Random(7)
    medians = sorted(statistics.median(dice.choices(values, k=len(values))) for _ in range(draws))
    return medians[int(0.025 * draws)], medians[int(0.975 * draws)]


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A work tree of a commit, with its bytecode, removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "base"
        subprocess.run(
            ["git", "worktree", "add", "--detach", str(tree), commit], cwd=ROOT, check=True, capture_output=True
        )
        try:
            compiled(tree)
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True)


def compiled(tree: Path) -> None:
    """Write bytecode, so that neither side compiles while it is measured."""
    folders = [str(tree / name) for name in ("core", "storage", "catalog", "service", "functions", "main.py")]
    present = [folder for folder in folders if Path(folder).exists()]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *present], check=True)


def core_ms(server: Server, request: bytes, count: int) -> float:
    """Core-milliseconds a request, over so many of them on one connection."""
    return core_and_own_ms(server, request, count)[0]


def core_and_own_ms(server: Server, request: bytes, count: int) -> tuple[float, float]:
    """The same, and without what the kernel takes."""
    connection = client.Connection(server.port)
    before = server.core_seconds(), server.core_seconds(kernel=False)
    for _ in range(count):
        status, _ = connection.exchange(request)
        if status >= 400:
            raise RuntimeError(f"the server answered {status}")
    connection.socket.close()
    used = server.core_seconds() - before[0], server.core_seconds(kernel=False) - before[1]
    return used[0] / count * 1e3, used[1] / count * 1e3


def requests_compared(base: Path, rounds: int, only: str) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Each line with its rounds: core-ms of the base and of now."""
    jpeg = pictures.jpeg(pictures.sources()[0], 2.0)
    models = {"DARKROOM_MODELS_FROM": str(MODELS)}
    with serving(1, BENCH_TREE=str(base), **models) as old, serving(1, **models) as new:
        for name, (path, pipeline) in REQUESTS.items():
            if not name.startswith(only):
                continue
            request = client.raw(client.target(path, pipeline), jpeg) if pipeline else client.get(path)
            if path == "/upload":
                request = client.multipart(client.target(path, pipeline), jpeg)
            count = 600 if not pipeline else 24
            for server in (old, new):
                core_ms(server, request, max(4, count // 4))
            found = []
            for number in range(rounds):
                first, second = (old, new) if number % 2 else (new, old)
                one, other = core_ms(first, request, count), core_ms(second, request, count)
                found.append((one, other) if first is old else (other, one))
            yield name, found


def row(name: str, rounds: Sequence[tuple[float, float]]) -> tuple[str, bool]:
    """A line of the table, and whether it holds."""
    ratios = [old / new for old, new in rounds]
    low, high = interval(ratios)
    old, new = (statistics.median(side) for side in zip(*rounds, strict=True))
    held = high >= LEAST
    return (
        f"| {name} | {old:.2f} | {new:.2f} | {statistics.median(ratios):.3f} ({low:.3f}–{high:.3f}) | {mark(held)} |",
        held,
    )


def imports_compared(base: Path, rounds: int) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """CPU of `import main` in both trees, and of now beside the bare imports; milliseconds."""
    runs = [(cpu_of("import main", base), cpu_of("import main", ROOT), cpu_of(BARE, ROOT)) for _ in range(rounds)]
    yield "import main: base, now", [(old * 1e3, new * 1e3) for old, new, _ in runs]
    yield "import main: 1.35 × bare, now", [(1350 * bare, new * 1e3) for _, new, bare in runs]


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="lines that begin so: " + ", ".join(REQUESTS))
    parser.add_argument("--imports", action="store_true", help="compare what a start imports instead")
    asked = parser.parse_args(arguments)
    compiled(ROOT)
    held = True
    print("| | base, core-ms | now, core-ms | base / now (95 %) | |\n|---|---|---|---|---|", flush=True)
    with checked_out(asked.base) as base:
        lines = (
            imports_compared(base, asked.rounds) if asked.imports else requests_compared(base, asked.rounds, asked.only)
        )
        for name, rounds in lines:
            text, good = row(name, rounds)
            print(text, flush=True)
            held &= good
    return int(not held)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main(sys.argv[1:]))
