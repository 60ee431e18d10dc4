"""Equal ETags mean equal bodies, and equal digests equal results, over requests that differ in one ingredient.

IDENTITY_REQUESTS says how many requests are drawn; `make prove-privacy` asks for 5,000.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from PIL import Image

from functions.http import Darkroom
from service.render.renderer import RenderCache
from tests.functions.support import app_with, client_of, picture
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("etags")
    for bucket in ("in", "out"):
        (made / bucket).mkdir()
    for name, data in SOURCES.items():
        (made / "in" / name).write_bytes(data)
    (made / "in" / "copy.jpeg").write_bytes(SOURCES["jpeg"])
    return made


@pytest.fixture(scope="module")
def app(folder: Path) -> Darkroom:
    return app_with(files=str(folder), sources="file://in/", targets="file://out/", data=str(folder / "data"))


@pytest.fixture(scope="module")
def client(app: Darkroom) -> httpx.Client:
    return client_of(app)


@pytest.fixture(scope="module")
def known() -> Known:
    return Known()


def _made_of(ask: Ask, body: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Digest and bytes of each result that a JSON answer holds, and of what was found."""
    for told in body["outputs"].values() if ask.several else [body]:
        if "digest" not in told:  # a COCO document
            continue
        source = f"{ask.source} {told['digest']}"
        if "image" in told:
            yield f"picture of {source}", base64.b64decode(told["image"])
        else:
            yield f"findings of {source}", json.dumps(told["findings"]).encode()


@PACE
@given(pairs())
def test_equal_etags_mean_equal_bodies(client: httpx.Client, known: Known, asks: tuple[Ask, Ask]) -> None:
    for ask in asks:
        response = ask.send(client)
        event(f"{response.status_code} {response.json()['code'] if response.status_code == 400 else ''}")
        assert response.status_code in {200, 201, 400}, response.content[:300]
        if response.status_code == 400:
            continue
        known.check(response.headers["ETag"], response.content, ask)
        if response.headers["Content-Type"] == "application/json":
            for key, result in _made_of(ask, response.json()):
                known.check(key, result, ask)
        again = ask.send(client)
        assert (again.headers["ETag"], again.content) == (response.headers["ETag"], response.content)


class Render(NamedTuple):
    """What an `<img>` asks for, by all that may differ in it."""

    source: str
    pipeline: str
    format: str | None
    findings: str | None
    encoding: int
    include: frozenset[str]
    accept: str

    def get(self, client: httpx.Client) -> httpx.Response:
        """Ask for it."""
        form = self.findings if "detect" in self.pipeline else None
        given = {**ENCODING[self.encoding], "format": self.format, "findings": form, "include": sorted(self.include)}
        shown = {name: "+".join(value) if isinstance(value, list) else value for name, value in given.items() if value}
        shown = {name: str(value).lower() for name, value in shown.items()}
        path = f"/v1/render/{self.pipeline}/-/file/in/{quote(self.source)}?{urlencode(shown)}"
        return client.get(path, headers={"Accept": self.accept} if self.accept else {})


OF_A_RENDER = {
    **{name: INGREDIENTS[name] for name in ("source", "include", "accept")},
    **{name: OF_AN_OUTPUT[name] for name in ("format", "findings", "encoding")},
    "pipeline": st.sampled_from([text for text in PIPELINES if text and "mark" not in text]),
}


@st.composite
def renders(draw: st.DrawFn) -> tuple[Render, Render]:
    """A render, and the same with one ingredient changed."""
    one = draw(st.builds(Render, **OF_A_RENDER))
    what = draw(st.sampled_from(Render._fields))
    return one, one._replace(**{what: draw(OF_A_RENDER[what])})


@pytest.fixture(scope="module")
def _forgetful() -> Iterator[None]:
    """Each render is computed: else an equal ETag would bring the body of before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RenderCache, "put", lambda *_: None)
        yield


@PACE
@pytest.mark.usefixtures("_forgetful")
@given(renders())
def test_equal_etags_of_renders_mean_equal_bodies(
    client: httpx.Client, known: Known, asks: tuple[Render, Render]
) -> None:
    for ask in asks:
        response = ask.get(client)
        event(f"{response.status_code} {response.json()['code'] if response.status_code == 400 else ''}")
        assert response.status_code in {200, 400}, response.content[:300]
        if response.status_code == 200:
            known.check(f"render {response.headers['ETag']}", response.content, ask)


A_RENDER = Render("jpeg", "resize:60", None, None, 0, frozenset(), "")
FOUND = A_RENDER._replace(pipeline="detect", format="json")
RENDERS = {
    "the source": (A_RENDER, A_RENDER._replace(source="other jpeg")),
    "the pipeline": (A_RENDER, A_RENDER._replace(pipeline="sepia")),
    "the format": (A_RENDER, A_RENDER._replace(format="png")),
    "the quality": (A_RENDER, A_RENDER._replace(encoding=1)),
    "Accept": (A_RENDER._replace(accept="image/webp"), A_RENDER._replace(accept="image/png,image/webp;q=0.9")),
    "Accept, for JSON": (A_RENDER, A_RENDER._replace(accept="application/json")),
    "what JSON tells of Accept": (
        A_RENDER._replace(accept="application/json, image/jpeg;q=0.5"),
        A_RENDER._replace(accept="application/json, image/webp;q=0.5"),
    ),
    "the picture beside JSON": (FOUND, FOUND._replace(include=frozenset({"image"}))),
    "the form": (FOUND, FOUND._replace(findings="coco")),
    "the file's name in COCO": (FOUND._replace(findings="coco"), FOUND._replace(findings="coco", source="copy.jpeg")),
}


@pytest.mark.parametrize(("one", "other"), RENDERS.values(), ids=RENDERS)
def test_other_renders_have_other_etags(client: httpx.Client, one: Render, other: Render) -> None:
    first, second = one.get(client), other.get(client)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content != second.content
    assert first.headers["ETag"] != second.headers["ETag"]


def _form(
    client: httpx.Client, accept: str = "", file: str = "a.png", mark: str = "small", **body: Any
) -> httpx.Response:
    files = {"file": (file, SOURCES["jpeg"]), "mark": ("mark.png", MARKS[mark])}
    headers = {"Accept": accept} if accept else {}
    return client.post("/v1/process", files=files, data={"request": json.dumps(body)}, headers=headers)


def _two(one: str, other: str) -> dict[str, Any]:
    return {"outputs": [{"name": one, "pipeline": "sepia"}, {"name": other, "pipeline": "invert"}]}


PAIRS: dict[str, tuple[Callable[[httpx.Client], httpx.Response], Callable[[httpx.Client], httpx.Response]]] = {
    "the file's name in COCO": (
        lambda c: _form(c, pipeline="detect", findings="coco"),
        lambda c: _form(c, file="b.png", pipeline="detect", findings="coco"),
    ),
    "the file's name in COCO in a list": (
        lambda c: _form(c, outputs=[{"name": "a", "pipeline": "detect", "findings": "coco"}]),
        lambda c: _form(c, file="b.png", outputs=[{"name": "a", "pipeline": "detect", "findings": "coco"}]),
    ),
    "names": (lambda c: _form(c, **_two("a", "b")), lambda c: _form(c, **_two("x", "y"))),
    "names exchanged": (lambda c: _form(c, **_two("a", "b")), lambda c: _form(c, **_two("b", "a"))),
    "names in a mixed answer": (
        lambda c: _form(c, "multipart/mixed", **_two("a", "b")),
        lambda c: _form(c, "multipart/mixed", **_two("x", "y")),
    ),
    "in a list and alone": (
        lambda c: _form(c, outputs=[{"name": "a", "pipeline": "detect", "format": "json"}]),
        lambda c: _form(c, pipeline="detect", format="json"),
    ),
    "the format that JSON tells of": (
        lambda c: _form(c, "image/webp;q=0.5, application/json", pipeline="sepia"),
        lambda c: _form(c, "image/png;q=0.5, application/json", pipeline="sepia"),
    ),
    "a part that is JSON": (
        lambda c: _form(c, "multipart/mixed", include=["image"], outputs=[{"name": "a", "format": "jpeg"}]),
        lambda c: _form(
            c, "multipart/mixed, image/jpeg;q=0.5, application/json;q=0.9", include=["image"], outputs=[{"name": "a"}]
        ),
    ),
    "a second picture": (
        lambda c: _form(c, pipeline="watermark:mark"),
        lambda c: _form(c, mark="grey", pipeline="watermark:mark"),
    ),
    "the picture in JSON": (
        lambda c: _form(c, pipeline="detect", format="json", include=["image"]),
        lambda c: _form(c, pipeline="detect", format="json"),
    ),
    "where it is stored": (
        lambda c: _form(c, pipeline="sepia", to="file://out/here.png"),
        lambda c: _form(c, pipeline="sepia", to="file://out/there.png"),
    ),
}


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS)
def test_other_bodies_have_other_etags(client: httpx.Client, one: Any, other: Any) -> None:
    first, second = one(client), other(client)
    assert first.content != second.content
    assert first.headers["ETag"] != second.headers["ETag"]


def test_a_mixed_answer_is_the_same_twice(client: httpx.Client) -> None:
    one, other = (_form(client, "multipart/mixed", **_two("a", "b")) for _ in range(2))
    assert one.content == other.content
    assert one.headers["Content-Type"] == other.headers["Content-Type"]
    assert one.headers["ETag"] == other.headers["ETag"]
