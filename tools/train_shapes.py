"""Train the detector of drawn shapes, measure it and write it to core/models/shapes.

`make train-shapes`, or python -m tools.train_shapes where requirements-train.txt is installed. It draws its own
pictures, downloads nothing and takes under ten minutes on two idle cores. What it writes depends on its options and on
the versions of its libraries only.
"""

import argparse
import hashlib
import re
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

from tools.shapes.card import Facts, card
from tools.shapes.curve import Point, curve
from tools.shapes.drawing import Scene, scene
from tools.shapes.evaluation import Figures, Heads, figures, found
from tools.shapes.outlines import LABELS
from tools.shapes.targets import Sample, sample

FOLDER = Path(__file__).resolve().parent.parent / "core" / "models" / "shapes"
MANIFEST = FOLDER.parent / "models.toml"
SEED = 1_000_000
"""The first seed of the pictures that are measured; training uses those from 0 on."""
STAGES = "160x1900x16,256x650x16"
"""Small pictures first: they teach as much in a quarter of the time."""
INTERPOLATIONS = ("area", "linear")
"""How pictures are brought to the network's size when it is measured; the first one's figures go into the card."""


def main() -> None:
    """Draw, train, write, measure."""
    options = _options()
    cv2.setNumThreads(1)
    started = time.monotonic()
    samples = drawn(options.pictures)
    print(f"{len(samples)} pictures drawn in {time.monotonic() - started:.0f} s", flush=True)
    facts = train(options, samples)
    print(f"trained, written and measured in {time.monotonic() - started:.0f} s")
    (options.out / "README.md").write_text(card(facts))


def train(options: argparse.Namespace, samples: list[Sample]) -> Facts:
    """Train, write both files and the curve, measure."""
    from tools.shapes.learning import Plan, Stage, trained
    from tools.shapes.writing import detector, folded, write

    points: list[Point] = []

    def tell(point: Point) -> None:
        points.append(point)
        print(f"step {point.step}, {point.seconds:.0f} s: box {point.box:.3f}, objectness {point.objectness:.3f}, "
              f"classes {point.classes:.3f}", flush=True)  # fmt: skip

    plan = Plan(tuple(Stage(*stage) for stage in options.stages), options.rate, options.seed)
    weights = trained(samples, plan, tell)
    path = write(weights, options.out)
    (options.out / "curve.svg").write_text(curve(points))
    heads = detector(path)
    results = {name: measured(heads, name, options.measured) for name in INTERPOLATIONS}
    return Facts(
        pictures=len(samples),
        stages=options.stages,
        parameters=sum(value.size for value in folded(weights).values()),
        bytes=sum(_entered(file) for file in (path, path.with_suffix(".bin"))),
        measured=options.measured,
        figures=results[INTERPOLATIONS[0]],
        others={f"scaled by {name}": results[name] for name in INTERPOLATIONS[1:]},
    )


def drawn(count: int) -> list[Sample]:
    """Training pictures, by two processes."""
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(sample, range(count), chunksize=16))


def scenes(count: int) -> Iterator[Scene]:
    """The pictures that are measured."""
    return (scene(SEED + index) for index in range(count))


def measured(heads: Heads, interpolation: str, count: int) -> Figures:
    """Figures of pictures that are brought to the network's size so."""
    result = figures(((found(heads, drawn.pixels, interpolation), drawn) for drawn in scenes(count)), len(LABELS))
    print(f"{interpolation}: recall {result.recall:.4f}, precision {result.precision:.4f}, IoU {result.overlap:.3f}")
    return result


def _entered(file: Path) -> int:
    """Print the file's entry, and put it into the manifest where it is the manifest's file; the file's length."""
    content = file.read_bytes()
    start = f'{{ file = "shapes/{file.name}", '
    entry = f'{start}bytes = {len(content)}, sha256 = "{hashlib.sha256(content).hexdigest()}" }}'
    print(entry)
    if file.parent == FOLDER:
        MANIFEST.write_text(re.sub(f"{re.escape(start)}[^}}]*}}", entry, MANIFEST.read_text()))
    return len(content)


def _stages(text: str) -> tuple[tuple[int, int, int], ...]:
    """`160x1900x16,256x650x16`: pixels a side, steps, pictures a step."""
    stages = []
    for stage in text.split(","):
        side, steps, batch = map(int, stage.split("x"))
        stages.append((side, steps, batch))
    return tuple(stages)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.train_shapes", description=__doc__)
    parser.add_argument("--pictures", type=int, default=3500, help="how many are drawn to learn from (%(default)s)")
    parser.add_argument("--stages", type=_stages, default=STAGES, metavar="SIDExSTEPSxBATCH,…", help="(%(default)s)")
    parser.add_argument("--rate", type=float, default=0.005, help="peak of the learning rate (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of weights and order (%(default)s)")
    parser.add_argument("--measured", type=int, default=200, help="pictures that are measured (%(default)s)")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder that is written (core/models/shapes)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
