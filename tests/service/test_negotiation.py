"""Which format comes back: every combination of `format`, `Accept`, pipeline and source."""

import pytest

from core.picture import Origin, Size
from core.pipeline import Pipeline
from service.negotiation import accepted_types, excluding, negotiate, package
from service.options import OutputOptions
from service.settings import Settings

FILTERS = Pipeline.parse("blur")


def origin(name: str, channels: int = 3, frames: int = 1) -> Origin:
    return Origin(format=name, size=Size(8, 8), channels=channels, frames=frames)


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"


@pytest.mark.parametrize(
    ("asked", "accept", "source", "expected"),
    [
        ("png", "image/webp", origin("jpeg"), "png"),
        ("json", "image/webp", origin("jpeg"), "json webp"),
        ("json", "", origin("jpeg"), "json jpeg"),
        (None, "", origin("jpeg"), "jpeg"),
        (None, "*/*", origin("jpeg"), "jpeg"),
        (None, "image/*", origin("png"), "png"),
        (None, BROWSER, origin("jpeg"), "avif"),
        (None, "image/webp,image/avif", origin("jpeg"), "avif"),
        (None, "image/avif,image/webp,image/jxl", origin("jpeg"), "jxl"),
        (None, "image/jxl;q=0.9,image/avif", origin("jpeg"), "avif"),
        (None, "image/jxl,image/avif,image/webp", origin("gif", frames=3), "avif"),
        (None, "image/jxl,image/webp", origin("gif", frames=3), "webp"),
        (None, "image/jxl", origin("gif", frames=3), "jxl"),
        (None, "", origin("jxl", 4), "jxl"),
        (None, "image/png, image/jpeg", origin("webp"), "jpeg"),
        (None, "image/png, image/jpeg;q=0.9", origin("webp"), "png"),
        (None, "image/gif", origin("jpeg"), "gif"),
        (None, "IMAGE/WEBP ; Q=1.0", origin("jpeg"), "webp"),
        (None, "image/webp;q=0", origin("jpeg"), "jpeg"),
        (None, "image/webp;q=nan", origin("jpeg"), "jpeg"),
        (None, "image/heic", origin("jpeg"), "jpeg"),
        (None, "text/plain", origin("jpeg"), "jpeg"),
        (None, ";;,,=q", origin("jpeg"), "jpeg"),
        (None, "application/json", origin("jpeg"), "json jpeg"),
        (None, "application/json, image/webp", origin("jpeg"), "webp"),
        (None, "application/json, image/webp;q=0.5", origin("jpeg"), "json webp"),
        (None, "application/json;q=0.2, */*", origin("jpeg"), "jpeg"),
        (None, "application/json, text/plain, */*", origin("jpeg"), "jpeg"),
        (None, "application/json, */*;q=0.5", origin("jpeg"), "json jpeg"),
        (None, "application/json, text/javascript, */*; q=0.01", origin("jpeg"), "json jpeg"),
        (None, "application/json, image/*", origin("png"), "png"),
        (None, "application/*, image/*;q=0.9", origin("png"), "json png"),
        (None, "application/json;q=0, application/*", origin("png"), "png"),
        (None, "image/*, image/webp;q=0.5", origin("png"), "png"),
        (None, "*/*;q=0.5, image/png;q=0.1", origin("jpeg"), "jpeg"),
        (None, "*/*, image/webp;q=0", origin("webp", 4), "png"),
        (None, "*/*, image/jpeg;q=0", origin("jpeg"), "png"),
        (None, "image/jpg", origin("png"), "jpeg"),
        (None, "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", origin("png"), "jpeg"),
        (None, "", origin("gif"), "png"),
        (None, "", origin("gif", frames=3), "gif"),
        (None, "", origin("apng"), "png"),
        (None, "", origin("apng", frames=2), "apng"),
        (None, "", origin("bmp"), "png"),
        (None, "", origin("pnm", 1), "png"),
        (None, "", origin("ico", 4), "png"),
        (None, "", origin("heic"), "jpeg"),
        (None, "", origin("heic", 4), "png"),
        (None, "", origin("tiff"), "tiff"),
        (None, "", origin("webp", 4), "webp"),
        (None, "", origin("avif"), "avif"),
        (None, "image/avif, image/webp", origin("gif", frames=3), "avif"),
        (None, "image/avif", origin("gif", frames=3), "avif"),
        (None, "image/jpeg, */*", origin("png", 4), "png"),
        (None, "image/jpeg, image/png;q=0.5", origin("webp", 4), "png"),
        (None, "image/png, image/jpeg", origin("png", 4), "png"),
        (None, "image/jpeg, */*;q=0.1", origin("webp", 4), "webp"),
        (None, "image/jpeg", origin("png", 4), "jpeg"),
        (None, "image/jpeg, */*", origin("png"), "jpeg"),
        (None, "image/jpeg, */*", origin("gif", frames=3), "gif"),
        (None, "image/png, image/*;q=0.8", origin("apng", 4, frames=3), "apng"),
        (None, "image/jpeg, image/png", origin("gif", 4, frames=3), "png"),
        (None, "image/jpeg", origin("gif", frames=3), "jpeg"),
    ],
    ids=lambda value: value.format + "x" * (value.frames > 1) if isinstance(value, Origin) else str(value),
)
def test_the_table(asked: str | None, accept: str, source: Origin, expected: str) -> None:
    settled = negotiate(OutputOptions(pipeline=FILTERS, format=asked), source, accept)
    assert (settled.format, settled.as_json) == (expected.removeprefix("json "), expected.startswith("json "))


@pytest.mark.parametrize(
    ("accept", "source", "order"),
    [
        ("image/webp,*/*", origin("png"), ["webp", "png"]),
        ("image/webp", origin("png"), ["webp"]),
        ("image/avif,image/webp,*/*;q=0.8", origin("jpeg"), ["avif", "webp", "jpeg", "png"]),
        ("", origin("webp"), ["webp", "jpeg", "png"]),
        ("text/plain", origin("webp", 4), ["webp", "png"]),
    ],
)
def test_what_would_do_as_well(accept: str, source: Origin, order: list[str]) -> None:
    settled = negotiate(OutputOptions(pipeline=FILTERS), source, accept)
    assert [settled.format, *settled.others] == order


@pytest.mark.parametrize(
    ("pipeline", "accept", "as_json"),
    [
        ("sharpness", "*/*", True),
        ("sharpness", "image/webp", False),
        ("sharpness/blur", "*/*", False),
        ("", "*/*", False),
    ],
)
def test_a_pipeline_that_only_looks_is_json(pipeline: str, accept: str, as_json: bool) -> None:
    want = OutputOptions(pipeline=Pipeline.parse(pipeline))
    assert negotiate(want, origin("jpeg"), accept).as_json == as_json


def test_weights_are_read() -> None:
    assert dict(accepted_types("a/b;q=0.5;x=1, c/d;x=1, e/f;q=2, */*, g/*;q=0.1")) == {"a/b": 0.5, "c/d": 1.0}


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("multipart/mixed", "mixed"),
        ("*/*", "json"),
        ("application/json, text/plain, */*", "json"),
        ("application/json, multipart/mixed;q=0.9", "json"),
        ("application/json;q=0.5, multipart/mixed", "mixed"),
        ("application/zip", "zip"),
        ("application/zip, multipart/mixed;q=0.9", "zip"),
        ("application/json;q=0.5, application/zip;q=0.6, multipart/mixed;q=0.7", "mixed"),
        ("application/zip;q=0", "json"),
    ],
)
def test_several_results(accept: str, chosen: str) -> None:
    assert package(accept) == chosen


@pytest.mark.parametrize(
    ("excluded", "accept", "source", "expected"),
    [
        (("jxl",), "image/jxl,image/avif", origin("jpeg"), "avif"),
        (("jxl", "avif"), "image/jxl,image/avif,*/*;q=0.8", origin("jpeg"), "jpeg"),
        (("jxl",), "image/*", origin("jxl"), "jpeg"),
        (("webp",), "", origin("webp"), "jpeg"),
        (("jxl",), "", origin("jpeg"), "jpeg"),
    ],
)
def test_formats_out_of_negotiation(excluded: tuple[str, ...], accept: str, source: Origin, expected: str) -> None:
    wanted = OutputOptions(pipeline=FILTERS)
    assert negotiate(wanted, source, excluding(accept, excluded)).format == expected
    assert negotiate(OutputOptions(pipeline=FILTERS, format="jxl"), source, excluding(accept, excluded)).format == "jxl"


def test_all_formats_are_negotiated_by_default() -> None:
    assert excluding("image/jxl", Settings().not_negotiated) == "image/jxl"
