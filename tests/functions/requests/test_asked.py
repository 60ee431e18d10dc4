"""Presets only: what is allowed, and every way around it that we could think of."""

import ast
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from functions.http import Darkroom
from service.render import links
from service.settings import SettingsError
from tests.conftest import ROOT
from tests.functions.routes.images.conftest import KEY, kept
from tests.functions.routes.images.test_images import put
from tests.functions.support import client_of, picture

JPEG = picture("jpg", width=640)
BASE64 = base64.b64encode(JPEG).decode()
FAR = {"REMOTE_ADDR": "192.0.2.1"}
PRESETS = 'thumbnail = "resize:320,320"\nlogo = "watermark:logo"\nseen = "palette"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("presets")
    (made / "in").mkdir()
    (made / "in" / "a.jpg").write_bytes(JPEG)
    (made / "presets.toml").write_text(PRESETS)
    return made


def opened(folder: Path, **variables: str) -> Darkroom:
    usual = {
        "only_presets": "true", "presets": str(folder / "presets.toml"), "sources": "file://in/", "targets": "file://in/",
        "auth": "none", "preset_formats": "jpeg webp",
    }  # fmt: skip
    return kept(folder, **{**usual, **variables})


@pytest.fixture(scope="module")
def app(folder: Path) -> Darkroom:
    return opened(folder)


@pytest.fixture(scope="module")
def id_(app: Darkroom) -> str:
    return str(put(client_of(app))["id"])


def ask(app: Darkroom, method: str, url: str, **more: Any) -> TestResponse:
    more.setdefault("environ_overrides", FAR)
    return app.test_client().open(url, method=method, **more)


def form(*parts: tuple[str, bytes | str] | tuple[str, bytes, str]) -> dict[str, Any]:
    """A form with the picture and further parts; one of three has a file name."""
    lines = []
    for name, value, *file in (("file", JPEG, "a.jpg"), *parts):
        named = f'; filename="{file[0]}"' if file else ""
        data = value if isinstance(value, bytes) else value.encode()
        lines.append(f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + data + b"\r\n")
    return {"data": b"".join(lines) + b"--b--\r\n", "content_type": "multipart/form-data; boundary=b"}


def as_json(text: str = "", **members: Any) -> dict[str, Any]:
    return {"data": text or json.dumps({"image": BASE64, **members}), "content_type": "application/json"}


RAW = {"data": JPEG, "content_type": "image/jpeg"}
ON = "/v1/process?pipeline=preset:thumbnail"
RENDER = "/v1/render/preset:thumbnail/-/file/in/a.jpg"

# --- what is allowed -----------------------------------------------------------------------------------------------

ALLOWED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "a raw picture": ("POST", ON, RAW, "image/jpeg"),
    "a format": ("POST", f"{ON}&format=webp", RAW, "image/webp"),
    "a form": ("POST", "/v1/process", form(("pipeline", "preset:thumbnail"), ("format", "webp")), "image/webp"),
    "JSON": ("POST", "/v1/process", as_json(pipeline="preset:thumbnail", format="webp"), "image/webp"),
    "JSON without a format": ("POST", "/v1/process", as_json(pipeline="preset:thumbnail", format=None), "image/jpeg"),
    "/upload": ("POST", "/upload", form(("pipeline", "preset:thumbnail")), "image/jpeg"),
    "a render": ("GET", RENDER, {}, "image/jpeg"),
    "a render in a format": ("GET", f"{RENDER}?format=webp", {}, "image/webp"),
    "a signed render": ("GET", links.sign_url(KEY, f"{RENDER}?format=webp", 2_000_000_000), {}, "image/webp"),
    "a stored picture": ("GET", "/v1/images/ID/preset:thumbnail", {}, "image/jpeg"),
    "an encoded colon": ("GET", RENDER.replace("preset:", "preset%3A"), {}, "image/jpeg"),
    "a format that Accept names": ("POST", ON, {**RAW, "headers": {"Accept": "image/webp"}}, "image/webp"),
    "no format that Accept names": ("POST", ON, {**RAW, "headers": {"Accept": "image/avif, image/png"}}, "image/jpeg"),
    "JSON that Accept names": ("POST", ON, {**RAW, "headers": {"Accept": "application/json"}}, "image/jpeg"),
    "a preset that only looks": ("POST", "/v1/process?pipeline=preset:seen", RAW, "image/jpeg"),
    "an asset": ("POST", "/v1/process?pipeline=preset:logo", RAW, "image/jpeg"),
}


@pytest.mark.parametrize(("method", "url", "more", "kind"), ALLOWED.values(), ids=ALLOWED)
def test_one_preset_and_a_format(
    app: Darkroom, id_: str, method: str, url: str, more: dict[str, Any], kind: str
) -> None:
    response = ask(app, method, url.replace("ID", id_), **more)
    assert (response.status_code, response.content_type) == (200, kind), response.get_data()[:500]


# --- every way around it -------------------------------------------------------------------------------------------

PIPELINES = {
    "steps": "blur:3",
    "nothing": "",
    "a step after it": "preset:thumbnail/blur:3",
    "a step before it": "blur:3/preset:thumbnail",
    "two presets": "preset:thumbnail/preset:thumbnail",
    "an argument": "preset:thumbnail,9",
    "a named argument": "preset:thumbnail,width=9",
    "its parameter's name": "preset:name=thumbnail",
    "another preset": "preset:other",
    "no preset": "preset:",
    "no colon": "preset",
    "two colons": "preset::thumbnail",
    "upper case": "Preset:thumbnail",
    "a name in upper case": "preset:THUMBNAIL",
    "a space before": " preset:thumbnail",
    "a space after": "preset:thumbnail ",
    "a line break after": "preset:thumbnail\n",
    "a zero byte": "preset:thumbnail\0",
    "a slash at the end": "preset:thumbnail/",
    "a slash before": "/preset:thumbnail",
    "an encoded letter": "preset:thumbn%61il",
    "an encoded slash": "preset:thumbnail%2Fblur",
    "a fullwidth colon": "preset\uff1athumbnail",
    "a lookalike letter": "preset:thumbn\u0430il",
    "its own steps": "resize:320,320",
}


@pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=PIPELINES)
@pytest.mark.parametrize("way", ["query", "form", "JSON", "upload", "page"])
def test_other_pipelines(app: Darkroom, way: str, pipeline: str) -> None:
    asked = {
        "query": ("/v1/process", {**RAW, "query_string": {"pipeline": pipeline}}),
        "form": ("/v1/process", form(("pipeline", pipeline))),
        "JSON": ("/v1/process", as_json(pipeline=pipeline)),
        "upload": ("/upload", form(("pipeline", pipeline))),
        "page": ("/", form(("pipeline", pipeline))),
    }
    url, more = asked[way]
    refused(ask(app, "POST", url, **more), page=way == "page")


@pytest.mark.parametrize("base", ["/v1/render/PIPELINE/-/file/in/a.jpg", "/v1/images/ID/PIPELINE"])
@pytest.mark.parametrize(
    "pipeline",
    [
        "blur:3", "preset:thumbnail/blur:3", "blur:3/preset:thumbnail", "preset:thumbnail,9", "Preset:thumbnail",
        "preset:THUMBNAIL", "preset:other", "preset:thumbnail%2Fblur", "preset:thumbnail%252Fblur",
        "preset:thumbn%2561il", "preset:thumbnail%20", "%20preset:thumbnail", "preset:thumbnail//",
        "preset:name=thumbnail", "resize:320,320", "preset:thumbnail/-", "preset:thumbnail%00",
        "preset%253Athumbnail", "preset:thumbnail;blur", "preset:thumbnail?quality=5", "preset:thumbnail?width=5",
        "preset:thumbnail?keep=exif", "preset:thumbnail?format=png", "preset:thumbnail?format=JPEG",
        "preset:thumbnail?include=image", "preset:thumbnail?Format=webp", "preset:thumbnail?format=webp&format=jpeg",
        "preset:thumbnail?x", "preset:thumbnail?findings=coco", "preset:thumbnail?background=ff0000",
        "preset:thumbnail?sig=0", "preset:thumbnail?expires=5",
    ],
)  # fmt: skip
def test_other_renders(app: Darkroom, id_: str, base: str, pipeline: str) -> None:
    path, mark, query = pipeline.partition("?")
    response = ask(app, "GET", base.replace("PIPELINE", path).replace("ID", id_) + mark + query)
    refused(response)


REST: dict[str, tuple[str, dict[str, Any]]] = {
    "no pipeline": ("/v1/process", RAW),
    "a format that is not listed": (f"{ON}&format=png", RAW),
    "a format in upper case": (f"{ON}&format=WEBP", RAW),
    "JSON as format": (f"{ON}&format=json", RAW),
    "an empty format": (f"{ON}&format=", RAW),
    "two formats": (f"{ON}&format=webp&format=jpeg", RAW),
    "quality": (f"{ON}&quality=5", RAW),
    "metadata": (f"{ON}&keep=exif", RAW),
    "a limit of bytes": (f"{ON}&max_bytes=9000", RAW),
    "a background": (f"{ON}&background=ff0000", RAW),
    "findings": (f"{ON}&findings=coco", RAW),
    "the picture in JSON": (f"{ON}&include=image", RAW),
    "a target": (f"{ON}&to=file://in/b.jpg", RAW),
    "a source": (f"{ON}&source=file://in/a.jpg", {}),
    "a source in JSON": ("/v1/process", as_json('{"source": "file://in/a.jpg", "pipeline": "preset:thumbnail"}')),
    "an unknown option": (f"{ON}&colour=red", RAW),
    "an option in upper case": ("/v1/process?PIPELINE=preset:thumbnail", RAW),
    "an option and its upper case": (f"{ON}&Pipeline=blur:3", RAW),
    "an encoded name": (f"{ON}&%71uality=5", RAW),
    "an encoded name, twice": ("/v1/process?%70ipeline=blur:3&pipeline=preset:thumbnail", RAW),
    "an option with brackets": (f"{ON}&pipeline[]=blur:3", RAW),
    "two pipelines": (f"{ON}&pipeline=blur:3", RAW),
    "a pipeline in the form too": (ON, form(("pipeline", "blur:3"))),
    "the same in the form too": (ON, form(("pipeline", "preset:thumbnail"))),
    "a pipeline in the form's JSON too": (ON, form(("request", '{"pipeline": "blur:3"}'))),
    "options in the form's JSON": (ON, form(("request", '{"quality": 5}'))),
    "options in a file named request": (ON, form(("request", b'{"quality": 5}', "request.json"))),
    "outputs in the form's JSON": ("/v1/process", form(("request", '{"outputs": [{"name": "a"}]}'))),
    "outputs of presets": ("/v1/process", as_json(outputs=[{"name": "a", "pipeline": "preset:thumbnail"}])),
    "outputs beside a preset": (ON, as_json(outputs=[{"name": "a", "pipeline": "blur"}])),
    "outputs as text": (f"{ON}&outputs=a", RAW),
    "a pipeline that is a list": ("/v1/process", as_json(pipeline=[{"filter": "blur"}])),
    "a preset in a list": ("/v1/process", as_json(pipeline=[{"filter": "preset", "name": "thumbnail"}])),
    "a pipeline that is an object": ("/v1/process", as_json(pipeline={"filter": "blur"})),
    "a pipeline that is null": ("/v1/process", as_json(pipeline=None)),
    "a pipeline that is a number": ("/v1/process", as_json(pipeline=1)),
    "a pipeline in JSON twice": (
        "/v1/process", as_json(f'{{"image": "{BASE64}", "pipeline": "preset:thumbnail", "pipeline": "blur:3"}}')
    ),
    "a format that is a list": ("/v1/process", as_json(pipeline="preset:thumbnail", format=["webp"])),
    "quality that is null": ("/v1/process", as_json(pipeline="preset:thumbnail", quality=None)),
    "JSON beside the query": (ON, as_json(quality=5)),
    "a second picture": ("/v1/process?pipeline=preset:logo", form(("logo", picture("png"), "logo.png"))),
    "a second picture in JSON": ("/v1/process?pipeline=preset:logo", as_json(pictures={"logo": BASE64})),
    "a second picture that no step names": (ON, form(("other", picture("png"), "other.png"))),
    "the blur of /upload": ("/upload", form()),
    "quality at /upload": ("/upload?pipeline=preset:thumbnail&quality=5", form()),
    "a filter of the page": ("/", form(("step", "blur:3"))),
    "quality on the page": ("/", form(("step", "preset:thumbnail"), ("quality", "5"))),
    "a model's tensors": ("/v2/models/shapes/infer", as_json('{"inputs": []}')),
    "a model's tensors, versioned": ("/v2/models/shapes/versions/1/infer", as_json('{"inputs": []}')),
}  # fmt: skip


@pytest.mark.parametrize(("url", "more"), REST.values(), ids=REST)
def test_everything_else(app: Darkroom, url: str, more: dict[str, Any]) -> None:
    refused(ask(app, "POST", url, **more), page=url == "/")


CLEAR = {"only_presets", "conflicting_option", "bad_signature", "bad_address"}
"""What says that it is not allowed; two values of one option, and paths of another form, are refused before that."""


def refused(response: TestResponse, *, page: bool = False) -> None:
    assert response.status_code in {400, 403}, response.get_data()[:500]
    if page:
        assert any(f"docs#{code}" in response.get_data(as_text=True) for code in CLEAR)
    else:
        assert response.get_json()["code"] in CLEAR, response.get_json()


def test_this_machine_is_no_exception(app: Darkroom) -> None:
    refused(ask(app, "POST", "/v1/process?pipeline=blur:3", environ_overrides={}, **RAW))


def test_a_signature_is_no_exception(app: Darkroom) -> None:
    refused(ask(app, "GET", links.sign_url(KEY, RENDER.replace("preset:thumbnail", "blur:3"), 2_000_000_000)))


def test_the_error_names_what_is_allowed(app: Darkroom) -> None:
    problem = ask(app, "POST", f"{ON}&quality=5", **RAW).get_json()
    assert problem["parameter"] == "quality"
    assert "logo, seen, thumbnail" in problem["detail"]
    assert "jpeg, webp" in problem["detail"]


def test_the_page_offers_presets_alone(app: Darkroom) -> None:
    text = ask(app, "GET", "/once").get_data(as_text=True)
    assert 'value="preset:thumbnail"' in text
    assert 'value="blur' not in text
    sent = ask(app, "POST", "/", **form(("step", "preset:thumbnail"), ("pipeline", ""), ("format", "")))
    assert sent.status_code == 200
    assert "data:image/jpeg" in sent.get_data(as_text=True)


def test_storing_a_picture_needs_no_preset(app: Darkroom) -> None:
    assert put(client_of(app))["format"] == "jpeg"


def test_options_are_read_in_one_place() -> None:
    """A door that parses options by itself would have a way around this."""
    calls = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "functions").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "parse"
        and ast.unparse(node).endswith("service.parser.parse")
    }
    assert calls == {"functions/requests/asked.py"}


PROBLEMS = {
    "an unknown format": {"preset_formats": "jpeg bmpp"},
    "a format that is only read": {"preset_formats": "heic"},
}


@pytest.mark.parametrize("variables", PROBLEMS.values(), ids=PROBLEMS)
def test_settings(folder: Path, variables: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="DARKROOM_PRESET_FORMATS"):
        opened(folder, **variables)


def test_no_presets(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text("")
    with pytest.raises(SettingsError, match="DARKROOM_ONLY_PRESETS"):
        opened(folder, presets=str(tmp_path / "none.toml"))


ACCEPTED = {"Accept": "image/jxl,image/avif,image/webp,*/*;q=0.8"}


@pytest.mark.parametrize(("excluded", "kind"), [("gif", "image/jxl"), ("jxl avif", "image/webp")])
@pytest.mark.parametrize("way", ["process", "render"])
def test_formats_that_accept_may_choose(folder: Path, excluded: str, kind: str, way: str) -> None:
    open_to_all = opened(folder, only_presets="false", not_negotiated=excluded)
    if way == "process":
        answer = ask(open_to_all, "POST", "/v1/process?pipeline=resize:64", data=JPEG, headers=ACCEPTED)
    else:
        answer = ask(open_to_all, "GET", "/v1/render/resize:64/-/file/in/a.jpg", headers=ACCEPTED)
    assert answer.headers["Content-Type"] == kind


def test_a_jpeg_goes_to_jpeg_xl_and_back(folder: Path) -> None:
    open_to_all = opened(folder, only_presets="false")
    made = ask(open_to_all, "POST", "/v1/process?format=jxl&lossless=transcode", data=JPEG)
    assert (made.status_code, made.headers["Content-Type"]) == (200, "image/jxl")
    back = ask(open_to_all, "POST", "/v1/process?format=jpeg&lossless=transcode", data=made.data)
    assert back.data == JPEG
    refused = ask(open_to_all, "POST", "/v1/process?format=jxl&lossless=transcode&pipeline=blur", data=JPEG)
    assert refused.status_code == 400
