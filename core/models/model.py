"""One model as the manifest describes it."""

import re
from typing import Annotated, Literal, get_args
from urllib.parse import unquote

import msgspec
from msgspec import Meta

Task = Literal["detect", "faces", "persons", "segment", "classify", "attributes"]


TASKS: tuple[Task, ...] = get_args(Task)


_MEGAPIXEL = 0.01
"""Seconds of one core that a "megapixel of work" in the manifest takes."""

_Share = Annotated[float, Meta(ge=0, le=1)]


_Count = Annotated[int, Meta(ge=1)]


class WeightsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a model: where it comes from (`url`, or `file` in a folder) and what it must be.

    `sha256` or `sha384` is required, `bytes` is its exact length. `url` is `https://`, `file://` or loopback `http://`;
    `file` is a path relative to the manifest's own folder, absolute once the manifest is read.
    """

    url: str | None = None
    file: str | None = None
    sha256: str | None = None
    sha384: str | None = None
    bytes: _Count

    @property
    def name(self) -> str:
        """The file's own name, the last part of its URL or path."""
        path = self.file if self.file is not None else unquote(re.split("[?#]", self.url or "")[0])
        return path.rstrip("/").rpartition("/")[2]

    @property
    def algorithm(self) -> Literal["sha256", "sha384"]:
        """What its checksum is computed with."""
        return "sha256" if self.sha256 is not None else "sha384"

    @property
    def checksum(self) -> str:
        """Its checksum, hexadecimal."""
        return self.sha256 or self.sha384 or ""


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The network's image input and how a picture is converted to it.

    `size` [width, height] in pixels; with `dynamic` it is the largest, and sides are rounded up to a `multiple`.
    A pixel p becomes (p - mean) / scale, for each channel in the order of `color`. `crop` scales to cover and keeps
    the middle, `letterbox` scales to fit and fills right and below with `fill`. `area` takes means of areas; pictures
    of three times the size and more are halved before. `type` is what the network takes: whole numbers from 0 to 255
    (`u8`, quantised networks; `i32`, MoveNet; both without mean and scale) or floats.
    """

    name: str
    size: tuple[Annotated[int, Meta(ge=1, le=16384)], Annotated[int, Meta(ge=1, le=16384)]]
    dynamic: bool = False
    multiple: Annotated[int, Meta(ge=1, le=1024)] = 1
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    color: Literal["BGR", "RGB"] = "BGR"
    type: Literal["f32", "u8", "i32"] = "f32"
    scale: tuple[float, ...] = (1.0,)
    mean: tuple[float, ...] = (0.0,)
    resize: Literal["stretch", "letterbox", "crop"] = "stretch"
    interpolation: Literal["linear", "area", "nearest"] = "linear"
    fill: Annotated[int, Meta(ge=0, le=255)] = 114


NO_PICTURE = Input(name="", size=(1, 1))
"""The input of a network that takes no picture but tensors."""


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one output of a network of attributes tells, in the order of `outputs`.

    `name` of the attribute. With `labels` it is one of these, by the largest score; without them a number, `times` what
    the network gives (age: 100 where it gives hundredths of a century).
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
    labels: tuple[str, ...] = ()
    times: float = 1.0


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the manifest.

    `files`: the network first (.xml, .onnx, .tflite), then what belongs to it (.bin, a list of labels).
    `copies`: other files of the same network (an older release, another export), used instead if all of one such set
    are on this machine and `files` are not; they are never downloaded.
    `cost`: megapixels of work a run, one being 10 ms of one core. `memory`: bytes once compiled.
    `labels`: names in the order of the network's classes, or the name of a list among `files` or in `labels/`.
    `label_offset` is added to the network's class before it is looked up (SSD's class 1 is often label 0: -1).
    `score` and `iou` are the defaults of the steps; `outputs` names the outputs in the decoder's order where the
    network's own order is not it, or where it has more. `constants` are the values of further inputs, the same at each
    run (RT-DETR's `orig_target_sizes = [640, 640]`). `heads` say what each output of a network of attributes tells.
    `precision` None is the server's. Without `input`, a network of the decoder `raw` takes tensors, by its own names;
    `cost` is then of a run on the shapes in `cost_at`, `{ pixels = [1, 3, 640, 640] }`, of inputs that are not named
    there with every free side 1 long, and grows with the number of elements.
    """

    name: str = ""
    title: str
    task: Task
    decoder: str
    files: tuple[WeightsFile, ...]
    copies: tuple[tuple[WeightsFile, ...], ...] = ()
    licence: str
    source: str
    revision: str
    memory: _Count
    cost: Annotated[float, Meta(gt=0)]
    cost_at: dict[str, tuple[_Count, ...]] = {}
    input: Input = NO_PICTURE
    constants: dict[str, tuple[float, ...]] = {}
    outputs: tuple[str, ...] = ()
    heads: tuple[Head, ...] = ()
    labels: tuple[str, ...] | str = ()
    label_offset: int = 0
    keypoints: tuple[str, ...] = ()
    score: _Share = 0.3
    iou: _Share = 0.45
    precision: Literal["f32", "f16", "bf16"] | None = None

    @property
    def work(self) -> float:
        """Seconds of one core that a run takes."""
        return self.cost * _MEGAPIXEL

    @property
    def takes_tensors(self) -> bool:
        """Whether it takes no picture but tensors, as many as its network has inputs."""
        return not self.input.name

    @property
    def tensor_bytes(self) -> int:
        """Bytes of the largest picture it takes, as pixels and as floats."""
        width, height = self.input.size
        return width * height * 3 * (1 + 4)

    @property
    def sets(self) -> tuple[tuple[WeightsFile, ...], ...]:
        """All sets of files that are this model, the preferred one first."""
        return (self.files, *self.copies)
