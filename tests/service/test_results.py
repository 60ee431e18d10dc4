"""Names to save under, and what JSON can hold."""

import numpy as np
import pytest

from service.results import _stem, content_disposition, to_json


@pytest.mark.parametrize(
    ("sent", "stem"),
    [
        ("parrot.jpg", "parrot"),
        ("", "picture"),
        ("C:\\pics\\parrot.final.JPG", "parrot.final"),
        ("../../etc/passwd", "passwd"),
        ("..", "picture"),
        ('a"b\r\nX: y.png', "a_b_X_ y"),
        ("été.png", "été"),
        ("a" * 300, "a" * 80),
        ("\x00\x1f", "picture"),
        (".hidden", "hidden"),
    ],
)
def test_names_are_made_harmless(sent: str, stem: str) -> None:
    assert _stem(sent) == stem


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a b.jpg", 'inline; filename="a b.jpg"'),
        ("été.jpg", "inline; filename=\"_t_.jpg\"; filename*=UTF-8''%C3%A9t%C3%A9.jpg"),
    ],
)
def test_disposition(name: str, header: str) -> None:
    assert content_disposition("inline", name) == header


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": np.float32(0.5)}, b'{"a":0.5}'),
        ([np.int64(3), np.array([1, 2])], b"[3,[1,2]]"),
        (float("nan"), b"null"),
        (b"PIC", b'"UElD"'),
    ],
)
def test_json_of_findings(value: object, text: bytes) -> None:
    assert to_json(value) == text


def test_what_has_no_json_form() -> None:
    with pytest.raises(TypeError):
        to_json(object())
