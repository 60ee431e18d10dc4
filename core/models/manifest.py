"""The manifest: what we know of each model. A model of a known task is one table of `models.toml` and no code."""

from typing import Literal

import msgspec

Task = Literal["detect", "faces", "persons", "segment", "classify"]


class WeightsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a model: where it comes from (`url`, or `file` in a folder) and what it must be.

    `sha256` or `sha384` is obligatory, `bytes` its exact length. `url` is `https://`, `file://` or loopback `http://`;
    `file` is a path relative to the manifest's own folder.
    """

    url: str | None = None
    file: str | None = None
    sha256: str | None = None
    sha384: str | None = None
    bytes: int


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The network's picture input and how a picture becomes it.

    `size` [width, height] in pixels; with `dynamic` it is the largest, and sides are rounded up to a `multiple`.
    A pixel p becomes (p - mean) / scale, for each channel in the order of `color`. `crop` scales to cover and keeps
    the middle, `letterbox` scales to fit and fills right and below with `fill`.
    """

    name: str
    size: tuple[int, int]
    dynamic: bool = False
    multiple: int = 1
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    color: Literal["BGR", "RGB"] = "BGR"
    type: Literal["f32", "u8"] = "f32"
    scale: tuple[float, ...] = (1.0,)
    mean: tuple[float, ...] = (0.0,)
    resize: Literal["stretch", "letterbox", "crop"] = "stretch"
    interpolation: Literal["linear", "area", "nearest"] = "linear"
    fill: int = 114


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the manifest.

    `files`: the network first (.xml, .onnx, .tflite), then what belongs to it (.bin, a list of labels).
    `cost`: megapixels of work a run, one being 10 ms of one core. `memory`: bytes once compiled.
    `labels`: names in the order of the network's classes, or the name of a list among `files` or in `labels/`.
    `label_offset` is added to the network's class before it is looked up (SSD's class 1 is often label 0: -1).
    `score` and `iou` are the defaults of the steps; `outputs` names the outputs in the decoder's order where the
    network's own order is not it.
    """

    name: str = ""
    title: str
    task: Task
    decoder: str
    files: tuple[WeightsFile, ...]
    licence: str
    source: str
    revision: str
    memory: int
    cost: float
    input: Input
    outputs: tuple[str, ...] = ()
    labels: tuple[str, ...] | str = ()
    label_offset: int = 0
    keypoints: tuple[str, ...] = ()
    score: float = 0.3
    iou: float = 0.45
    precision: Literal["f32", "f16", "bf16"] | None = None
