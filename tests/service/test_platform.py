"""Which platform it is, and what it passes on."""

import pytest

from service.platform import Platform, fits_as_text, platform_of
from service.settings import Settings

MEBIBYTE = 2**20
FOUND: dict[str, tuple[dict[str, str], str | None, int | None, int | None]] = {
    "nowhere": ({}, None, None, None),
    "Cloud Run": ({"K_SERVICE": "a"}, None, 32 * MEBIBYTE, 32 * MEBIBYTE),
    "Lambda": ({"AWS_LAMBDA_FUNCTION_NAME": "a"}, None, 6_000_000, 4_500_000),
    "a setting": ({}, "http-api", 10_000_000, 10_000_000),
    "a setting against the environment": ({"K_SERVICE": "a"}, "lambda", 6_000_000, 4_500_000),
    "no limits": ({"K_SERVICE": "a"}, "none", None, None),
    "an empty variable": ({"K_SERVICE": ""}, None, None, None),
}


@pytest.mark.parametrize(("environ", "setting", "text", "binary"), FOUND.values(), ids=FOUND)
def test_which(environ: dict[str, str], setting: str | None, text: int | None, binary: int | None) -> None:
    found = platform_of(Settings(platform=setting), environ)  # type: ignore[arg-type]
    assert found == Platform(text, binary)


@pytest.mark.parametrize(
    ("media_type", "is_text"),
    [
        ("application/json", True), ("application/problem+json", True), ("text/plain", True), ("text/html", True),
        ("image/jpeg", False), ("multipart/form-data", False), ("multipart/mixed", False), ("", False),
        ("application/octet-stream", False), ("image/svg+xml", False),
    ],
)  # fmt: skip
def test_text_and_the_rest(media_type: str, is_text: bool) -> None:
    assert Platform(2, 1).most(media_type) == (2 if is_text else 1)


FITS: dict[str, tuple[bytes, bool]] = {
    "plain": (b"a" * 98, True),
    "longer with its quotation marks": (b"a" * 99, False),
    "escaped": (b'"' * 49, True),
    "escaped too long": (b'"' * 50, False),
    "beyond ASCII": ("é".encode() * 16, True),
    "beyond ASCII too long": ("é".encode() * 17, False),
    "not UTF-8": (b"\xff", False),
}


@pytest.mark.parametrize(("data", "fits"), FITS.values(), ids=FITS)
def test_text_within_json(data: bytes, fits: bool) -> None:
    assert fits_as_text(data, 100) is fits
    assert Platform(100, 75).passes_on_text(data) is fits
    assert Platform(100, 100).passes_on_text(data), "where text is not passed on in JSON, its length decides"
