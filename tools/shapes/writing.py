"""The trained network as OpenVINO's IR, FP16: normalisation and the division by 255 folded into the convolutions."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.shapes.drawing import Floats
from tools.shapes.evaluation import SIDE
from tools.shapes.grounds import Pixels
from tools.shapes.network import network
from tools.shapes.outlines import LABELS

Weights = dict[str, NDArray[np.float32]]

EPSILON = 1e-3
"""What batch normalisation adds to the variance."""
THREADS = 2


def openvino() -> Any:
    """The library without its telemetry, which connects and writes to the home folder."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino as library

    return library


class Graph:
    """The network's layers as nodes of an OpenVINO graph."""

    def __init__(self, weights: Weights) -> None:
        self.ops = openvino().opset13
        self._weights = weights
        self._constants: dict[str, Any] = {}

    def conv(self, name: str, picture: Any, channels: int, kernel: int = 3, stride: int = 1) -> Any:
        """Convolution, bias, ReLU."""
        del channels
        return self.ops.relu(self._linear(name, picture, kernel // 2, stride))

    def shared(self, name: str, pictures: list[Any], channels: int) -> list[Any]:
        """The same convolution, bias, ReLU."""
        return [self.conv(name, picture, channels) for picture in pictures]

    def out(self, name: str, picture: Any, channels: int) -> Any:
        """1×1 convolution with a bias."""
        del channels
        return self._linear(name, picture, 0, 1)

    def doubled(self, picture: Any) -> Any:
        """Each pixel four times."""
        scales = np.array([2, 2], np.float32)
        return self.ops.interpolate(picture, scales, "nearest", "scales", axes=np.array([2, 3]))

    def _linear(self, name: str, picture: Any, pad: int, stride: int) -> Any:
        weight, bias = (self._constant(f"{name}.{part}") for part in ("weight", "bias"))
        plain = self.ops.convolution(picture, weight, [stride] * 2, [pad] * 2, [pad] * 2, [1, 1])
        return self.ops.add(plain, bias)

    def _constant(self, key: str) -> Any:
        """One constant however often a layer is used."""
        if key not in self._constants:
            self._constants[key] = self.ops.constant(self._weights[key])
        return self._constants[key]


def folded(weights: Weights) -> Weights:
    """Weights and biases that take pixels of 0 to 255 and need no normalisation."""
    result: Weights = {}
    for name in (key.removesuffix(".weight") for key in weights if key.endswith(".weight")):
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        if f"{name}.scale" in weights:
            spread: NDArray[np.float32] = np.sqrt(weights[f"{name}.variance"] + EPSILON)
            factor = weights[f"{name}.scale"] / spread
            weight, bias = weight * factor[:, None, None, None], bias - weights[f"{name}.mean"] * factor
        result[f"{name}.weight"] = weight / np.float32(255 if name == "stem" else 1)
        result[f"{name}.bias"] = bias.reshape(1, -1, 1, 1)
    return result


def graph(weights: Weights) -> Any:
    """`image` f32 1×3×SIDE×SIDE, BGR 0 to 255, to `detections` f32 1×N×(5 + classes), as YOLOX writes them."""
    layers = Graph(folded(weights))
    ops, width = layers.ops, 5 + len(LABELS)
    image = ops.parameter([1, 3, SIDE, SIDE], np.float32, name="image")
    heads = network(layers, image, len(LABELS))
    flat = ops.concat([ops.reshape(head, [1, width, -1], False) for head in heads], 2)
    boxes, objectness, classes = ops.variadic_split(flat, 1, [4, 1, len(LABELS)]).outputs()
    # One shape has one class, hence softmax; a decoder of YOLOX only needs numbers from 0 to 1.
    parts = [boxes, ops.sigmoid(objectness), ops.softmax(classes, 1)]
    result = ops.transpose(ops.concat(parts, 1), [0, 2, 1])
    for node, name in ((image, "image"), (result, "detections")):
        node.output(0).set_names({name})
    return openvino().Model([result], [image], "shapes")


def write(weights: Weights, folder: Path) -> Path:
    """`shapes.xml` and `shapes.bin` in the folder; the first one's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "shapes.xml"
    openvino().save_model(graph(weights), path, compress_to_fp16=True)
    return path


def detector(path: Path) -> Callable[[Pixels], Floats]:
    """The written network: a picture of its size to its head, N×(5 + classes)."""
    library = openvino()
    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY"}
    compiled = library.Core().compile_model(path, "CPU", hints)

    def heads(pixels: Pixels) -> Floats:
        image = pixels.transpose(2, 0, 1)[None].astype(np.float32)
        return np.array(compiled(image)[0][0])

    return heads
