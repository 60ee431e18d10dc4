"""Every kind of code with what is hardest to hold: control characters, Japanese, bytes that are no text."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from core.imaging.codes import KINDS, Kind, read_codes
from tests.core.barcodes import turned, written
from tests.core.filters.support import run
from tests.core.imaging.test_barcodes import FLAT

CONTENTS: dict[str, str | bytes] = {
    "separator": b"A\x1dB", "zero": b"\x00\x01A", "controls": b"\x01\x07\x1b\x7f", "japanese": "日本",
    "binary": b"\x89\xff\x00",
}  # fmt: skip
_DIGITS, _ASCII = "digits only", "ASCII only"
CANNOT: dict[tuple[Kind, str], str] = {
    **{(kind, name): _DIGITS for kind in KINDS if kind in {"ean13", "ean8", "upc_a", "upc_e", "itf", "databar"}
       for name in CONTENTS},
    **{("codabar", name): "digits and -$:/.+ between letters from A to D" for name in CONTENTS},
    **{("dx_film_edge", name): "the numbers of a film" for name in CONTENTS},
    **{(kind, name): _ASCII for kind in KINDS if kind in {"code39", "code93", "telepen"}
       for name in ("japanese", "binary")},
    ("code128", "japanese"): "Latin-1, or bytes",
}  # fmt: skip
"""What a kind cannot hold, and what it holds instead."""
AS_DIGITS: set[tuple[Kind, str]] = {("telepen", "separator")}
"""A Telepen does not say whether it holds digits in pairs: with control characters from 0x10 on it is read so."""
SHIFT_JIS: set[Kind] = {"qr", "micro_qr", "rmqr"}
"""Their kanji mode; the others say that it is UTF-8 (ECI)."""
HELD = [(kind, name) for kind in KINDS for name in CONTENTS if (kind, name) not in {*CANNOT, *AS_DIGITS}]


def encoded(kind: Kind, name: str) -> bytes:
    content = CONTENTS[name]
    if isinstance(content, bytes):
        return content
    return content.encode("shift_jis" if kind in SHIFT_JIS else "utf-8")


POSES: dict[str, Callable[[Kind, str | bytes], NDArray[np.uint8]]] = {
    "upright": written,
    "turned": lambda kind, content: turned(written(kind, content), 33)[0],
    "tilted": lambda kind, content: turned(written(kind, content), 12, tilt=0.15)[0],
    "small": lambda kind, content: written(kind, content, module=2 + (kind == "micro_pdf417"), margin=20),
}


def is_read(pose: str, kind: Kind) -> bool:
    return not (pose == "tilted" and kind in FLAT)


@pytest.mark.parametrize(
    ("pose", "kind", "name"), [(pose, *held) for pose in POSES for held in HELD if is_read(pose, held[0])]
)
def test_payloads_come_back_to_the_byte(pose: str, kind: Kind, name: str) -> None:
    found = read_codes(np.ascontiguousarray(POSES[pose](kind, CONTENTS[name])), (kind,))
    assert [(code.kind, code.data) for code in found] == [(kind, encoded(kind, name))]
    assert found[0].text == (CONTENTS[name] if name == "japanese" else {"separator": "A\x1dB"}.get(name))


@pytest.mark.parametrize(("kind", "module"), [("rmqr", 8), ("micro_pdf417", 3)])
@pytest.mark.parametrize("angle", range(0, 360, 15))
def test_what_the_reader_alone_mostly_misses_is_read_at_every_angle(kind: Kind, module: int, angle: int) -> None:
    drawn, corners = turned(written(kind, "Darkroom 123", module=module), angle)
    (code,) = read_codes(drawn, (kind,))
    assert code.data == b"Darkroom 123"
    assert np.abs(code.quad - corners).max() < 2 * module


@pytest.mark.parametrize(("kind", "name"), HELD)
def test_payloads_on_alpha(kind: Kind, name: str) -> None:
    drawn = written(kind, CONTENTS[name])
    pixels = np.dstack([np.full((*drawn.shape, 3), 40, np.uint8), 255 - drawn])
    (found,) = run(f"barcodes:{kind}", pixels).findings.objects or ()
    assert found.facts == read_codes(drawn, (kind,))[0].facts


@pytest.mark.parametrize(("kind", "name"), CANNOT)
def test_what_a_kind_cannot_hold_no_writer_writes(kind: Kind, name: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid|too long|too short|Does not begin|codec|character"):
        written(kind, CONTENTS[name])


@pytest.mark.parametrize(("kind", "name"), AS_DIGITS)
def test_what_could_be_digits_is_read_so(kind: Kind, name: str) -> None:
    (code,) = read_codes(written(kind, CONTENTS[name]), (kind,))
    assert code.data.isdigit()


def test_tables_name_what_there_is() -> None:
    assert {kind for kind, _ in HELD} | {kind for kind, _ in CANNOT} == set(KINDS)
