"""Requests that differ in one ingredient, and what was answered to all of them so far."""

import hashlib
import json
import os
from io import BytesIO
from typing import Any, NamedTuple

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from PIL import Image

from tests.functions.support import picture
from tools.shapes.example import example

LONG = "IDENTITY_REQUESTS" in os.environ
PACE = settings(
    max_examples=int(os.environ.get("IDENTITY_REQUESTS", "120")) // 2,  # in pairs
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=list(HealthCheck),
)


def _saved(written: str, **how: Any) -> bytes:
    """The example of drawn shapes; small, for the detector sees it all the same."""
    file = BytesIO()
    shapes = Image.fromarray(example()[:, :, ::-1].copy())
    shapes.thumbnail((240, 240))
    shapes.save(file, written, **how)
    return file.getvalue()


def _moving() -> bytes:
    frames = [Image.new("RGB", (160, 120), color) for color in ("white", "red", "blue")]
    file = BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:], duration=90, default_image=True)
    return file.getvalue()


SOURCES = {
    "jpeg": _saved("JPEG", quality=90), "other jpeg": _saved("JPEG", quality=60), "webp": _saved("WEBP", quality=80),
    "apng": _moving(), "png": picture("png", 4),
}  # fmt: skip
MARKS = {"small": picture("png", 4, 12, 8), "grey": picture("png", 1, 12, 8)}
PIPELINES = (
    "", "grayscale", "resize:60", "blur:15", "square:50", "sepia", "watermark:mark", "watermark:mark,opacity=0.4",
    "detect", "detect/count", "detect:score=0.2", "detect/draw", "palette:3", "grayscale/histogram:4",
    "preset:thumbnail",
)  # fmt: skip
ACCEPTS = (
    "", "*/*", "image/webp", "image/jpeg", "image/png,image/webp;q=0.9", "application/json",
    "application/json, image/jpeg;q=0.5", "application/json, image/webp;q=0.5", "multipart/mixed",
    "multipart/mixed, image/webp",
)  # fmt: skip
ENCODING: tuple[dict[str, Any], ...] = (
    {}, {"quality": 60}, {"background": "204060"}, {"keep": ["exif"]}, {"keep": ["icc"]}, {"lossless": True},
    {"progressive": True}, {"chroma": "444"}, {"max_bytes": 100_000},
)  # fmt: skip


class Wanted(NamedTuple):
    """One output of a request."""

    name: str
    pipeline: str
    format: str | None
    findings: str | None
    encoding: int
    to: str | None

    def json(self, *, several: bool) -> dict[str, Any]:
        """Its options; a form is asked for only where something is found."""
        form = self.findings if "detect" in self.pipeline else None
        given = {"pipeline": self.pipeline, "format": self.format, "findings": form, "to": self.to}
        given |= {"name": self.name} if several else {}
        return {name: value for name, value in given.items() if value is not None} | ENCODING[self.encoding]


class Ask(NamedTuple):
    """A request, by all that may differ in it."""

    source: str
    fetched: bool
    file_name: str
    mark: str
    include: frozenset[str]
    accept: str
    several: bool
    outputs: tuple[Wanted, ...]

    def send(self, client: httpx.Client) -> httpx.Response:
        """Post it as a form."""
        outputs = [output.json(several=self.several) for output in self.outputs]
        body = {"include": sorted(self.include), **({"outputs": outputs} if self.several else outputs[0])}
        files = {"mark": ("mark.png", MARKS[self.mark])}
        if self.fetched:
            body["source"] = f"file://in/{self.source}"
        else:
            files["file"] = (self.file_name, SOURCES[self.source])
        headers = {"Accept": self.accept} if self.accept else {}
        return client.post("/v1/process", files=files, data={"request": json.dumps(body)}, headers=headers)


TARGETS = (None, None, None, "file://out/one", "file://out/two")
INGREDIENTS: dict[str, st.SearchStrategy[Any]] = {
    "source": st.sampled_from(sorted(SOURCES)),
    "fetched": st.booleans(),
    "file_name": st.sampled_from(["a.png", "b.png", "ä.jpg", "a"]),
    "mark": st.sampled_from(sorted(MARKS)),
    "include": st.sampled_from([frozenset[str](), frozenset({"image"}), frozenset({"masks"})]),
    "accept": st.sampled_from(ACCEPTS),
    "several": st.booleans(),
}
OF_AN_OUTPUT: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from("abxy"),
    "pipeline": st.sampled_from(PIPELINES),
    "format": st.sampled_from([None, "json", "png", "jpeg", "webp", "apng"]),
    "findings": st.sampled_from([None, None, None, "coco", "yolo"]),
    "encoding": st.sampled_from(range(len(ENCODING))),
    "to": st.sampled_from(TARGETS),
}
OUTPUTS = st.lists(
    st.builds(Wanted, **OF_AN_OUTPUT),
    min_size=1,
    max_size=3,
    unique_by=(lambda one: one.name, lambda one: one.to or one.name),
).map(tuple)
ASKS = st.builds(Ask, **INGREDIENTS, outputs=OUTPUTS)


def _changed_outputs(draw: st.DrawFn, outputs: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    """One thing about the outputs changed: of one of them, or their order, or which there are."""
    what = draw(st.sampled_from([*OF_AN_OUTPUT, "order", "names", "fewer", "more"]))
    at = draw(st.integers(0, len(outputs) - 1))
    if what in OF_AN_OUTPUT:
        one = outputs[at]._replace(**{what: draw(OF_AN_OUTPUT[what])})
        return (*outputs[:at], one, *outputs[at + 1 :])
    if what == "names":
        names = draw(st.permutations([output.name for output in outputs]))
        return tuple(output._replace(name=name) for output, name in zip(outputs, names, strict=True))
    if what == "fewer":
        return outputs[: at + 1]
    if what == "order":
        return tuple(draw(st.permutations(outputs)))
    return (*outputs, draw(st.builds(Wanted, **OF_AN_OUTPUT)))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Ask, Ask]:
    """A request, and the same with one ingredient changed."""
    ask = draw(ASKS)
    what = draw(st.sampled_from([*INGREDIENTS, "outputs", "outputs", "outputs"]))
    if what == "outputs":
        return ask, ask._replace(outputs=_changed_outputs(draw, ask.outputs))
    return ask, ask._replace(**{what: draw(INGREDIENTS[what])})


class Known:
    """What was answered so far under each ETag and each digest: every answer is compared with all before it."""

    def __init__(self) -> None:
        self.bodies: dict[str, tuple[str, Any]] = {}

    def check(self, key: str, body: bytes, about: Any) -> None:
        """The same key must mean the same bytes."""
        checksum = hashlib.sha256(body).hexdigest()
        before, by = self.bodies.setdefault(key, (checksum, about))
        assert before == checksum, f"{key} stands for two bodies:\n{by}\n{about}"
