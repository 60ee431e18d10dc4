"""Train the small networks that the decoders' tests run, and write them to tests/core/models/trained.

`make train-layouts`, or python -m tools.train_layouts where requirements-train.txt is installed. They draw their own
pictures, download nothing and take a few minutes together. What is written depends on the options and on the
versions of the libraries only.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = Path(__file__).resolve().parent.parent / "core" / "models" / "shapes"
TESTED = Path(__file__).resolve().parent.parent / "tests" / "core" / "models" / "trained"


def main() -> None:
    """Train and write the named networks, or all."""
    options = _options()
    cv2.setNumThreads(1)
    from tools.layouts import learning
    from tools.layouts.drawing import ARROW, STYLED
    from tools.layouts.networks import Named

    made: dict[str, Callable[[], tuple[Any, int, str, tuple[str, ...]]]] = {
        "style": lambda: (Named(learning.style(1500, 5000)), STYLED, "shape_style", ("lightness", "style")),
        "arrows": lambda: (learning.heatmaps(2000, 3000), ARROW, "arrows", ("heatmaps",)),
    }
    for name in options.networks or made:
        started = time.monotonic()
        learning.seeded(options.seed, options.threads)
        network, side, file, outputs = made[name]()
        folder = options.out or (SHIPPED if name == "style" else TESTED)
        written(network, side, folder / f"{file}.xml", outputs)
        print(f"{name}: trained and written in {time.monotonic() - started:.0f} s", flush=True)


def written(network: Any, side: int, path: Path, outputs: tuple[str, ...]) -> None:
    """Write a network as OpenVINO's IR, FP16: `image` f32 1×3×side×side, BGR 0 to 255, and outputs of these names."""
    import torch

    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # or importing it phones home
    import openvino

    network.eval()
    model = openvino.convert_model(network, example_input=torch.zeros(1, 3, side, side), input=[1, 3, side, side])
    model.inputs[0].get_tensor().set_names({"image"})
    for port, name in zip(model.outputs, outputs, strict=True):
        port.get_tensor().set_names({name})
    path.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(model, path, compress_to_fp16=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.train_layouts", description=__doc__)
    parser.add_argument("networks", nargs="*", help="style, arrows (both)")
    parser.add_argument("--seed", type=int, default=1, help="of weights and order (%(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="(%(default)s)")
    parser.add_argument("--out", type=Path, help="folder that is written (the networks' own)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
