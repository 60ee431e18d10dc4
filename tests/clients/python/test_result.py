"""A result as Pillow, NumPy and notebooks see it."""

import base64
import io

import numpy as np
import pytest
from darkroom_client import BrokenResponseError, Darkroom, Result
from PIL import Image, UnidentifiedImageError

from tests.conftest import made_picture
from tests.functions.support import decoded, picture


def result(data: bytes, content_type: str) -> Result:
    return Result(data, content_type, {})


@pytest.mark.parametrize(
    ("mode", "order", "shape"),
    [("L", [0], (64, 96)), ("RGB", [2, 1, 0], (64, 96, 3)), ("RGBA", [2, 1, 0, 3], (64, 96, 4))],
    ids=["grey", "rgb", "rgba"],
)
def test_as_pillow_and_numpy(mode: str, order: list[int], shape: tuple[int, ...]) -> None:
    made = result(picture("png", len(order)), "image/png")
    assert (made.to_pil().mode, made.to_pil().size) == (mode, (96, 64))
    pixels = made.to_numpy()
    assert (pixels.shape, pixels.dtype) == (shape, np.uint8)
    assert np.array_equal(pixels, made_picture(len(order))[:, :, order].squeeze())


def test_a_palette_becomes_colours() -> None:
    body = io.BytesIO()
    Image.fromarray(made_picture(3)).quantize(8).save(body, "PNG")
    assert result(body.getvalue(), "image/png").to_numpy().shape == (64, 96, 3)


@pytest.mark.parametrize(
    ("data", "content_type", "kind"),
    [(b"{}", "application/json", ValueError), (b"no picture", "image/png", UnidentifiedImageError)],
)
def test_what_is_no_picture(data: bytes, content_type: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        result(data, content_type).to_numpy()


def test_its_text_is_short() -> None:
    assert repr(result(picture("png"), "image/png")).startswith("<Result image/png, ")
    assert len(repr(result(picture("png"), "image/png"))) < 60


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("png", "image/png"), ("jpg", "image/jpeg"), ("webp", "text/html")],
)
def test_a_notebook_shows_the_picture(kind: str, shown: str) -> None:
    data = picture(kind)
    bundle = result(data, f"image/{kind.replace('jpg', 'jpeg')}")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", shown}
    inside = bundle[shown].partition("base64,")[2].partition('"')[0] or bundle[shown]
    assert np.array_equal(decoded(base64.b64decode(inside)), decoded(data))


def test_a_notebook_shows_json() -> None:
    bundle = result(b'{"pipeline": "sepia"}', "application/json")._repr_mimebundle_()
    assert bundle["application/json"] == {"pipeline": "sepia"}
    with pytest.raises(BrokenResponseError):
        result(b"{", "application/json").json()


ID = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("source", "pipeline", "options", "url"),
    [
        (ID, "resize:320", {}, f"/v1/images/{ID}/resize:320"),
        (ID, "resize:800,600/text:a%2Fb", {"format": "webp", "quality": 70, "x": None},
         f"/v1/images/{ID}/resize:800,600/text:a%252Fb?format=webp&quality=70"),
        ("gs://bucket/a folder/ä.jpg", "sepia", {}, "/v1/render/sepia/-/gs/bucket/a%20folder/%C3%A4.jpg"),
        ("https://h.example/a.jpg", "sepia", {}, "/v1/render/sepia/-/https/h.example/a.jpg"),
    ],
)  # fmt: skip
def test_addresses_of_renders(source: str, pipeline: str, options: dict[str, str], url: str) -> None:
    with Darkroom("http://photos.example/base/") as darkroom:
        assert darkroom.render_url(source, pipeline, **options) == f"http://photos.example/base{url}"


@pytest.mark.parametrize(("source", "pipeline"), [("photo.jpg", "sepia"), (ID, "")])
def test_what_has_no_address(source: str, pipeline: str) -> None:
    with Darkroom() as darkroom, pytest.raises(ValueError, match=r"render|source"):
        darkroom.render_url(source, pipeline)
