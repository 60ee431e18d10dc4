"""Codes: where they are and what they say, by zxing-cpp (Apache-2.0).

OpenCV 5.0's own detector takes minutes for pictures made for that (stripes, a thousand finder patterns) and corrupts
its heap on harmless ones.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.bars import whole_bars
from core.imaging.slants import slants, standing, turned
from core.picture import Pixels

SIDE = 2000
"""Longer side, in pixels, of the copy in which codes are looked for."""
MOST = 255
"""Most codes of a picture."""

Kind = Literal[
    "ean13", "ean8", "upc_a", "upc_e", "code39", "code93", "code128", "itf", "codabar", "databar", "telepen",
    "dx_film_edge", "qr", "micro_qr", "rmqr", "data_matrix", "aztec", "pdf417", "micro_pdf417", "maxicode",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
_FORMATS: dict[Kind, tuple[str, ...]] = {
    "ean13": ("EAN13",), "ean8": ("EAN8",), "upc_a": ("UPCA",), "upc_e": ("UPCE",),
    "code39": ("Code39", "Code39Std", "Code39Ext", "Code32", "PZN"), "code93": ("Code93",), "code128": ("Code128",),
    "itf": ("ITF", "ITF14"), "codabar": ("Codabar",),
    "databar": ("DataBar", "DataBarOmni", "DataBarStk", "DataBarStkOmni", "DataBarLtd", "DataBarExp", "DataBarExpStk"),
    "telepen": ("Telepen", "TelepenAlpha", "TelepenNumeric"), "dx_film_edge": ("DXFilmEdge",),
    "qr": ("QRCode", "QRCodeModel1", "QRCodeModel2"), "micro_qr": ("MicroQRCode",), "rmqr": ("RMQRCode",),
    "data_matrix": ("DataMatrix",), "aztec": ("Aztec", "AztecCode", "AztecRune"), "pdf417": ("PDF417", "CompactPDF417"),
    "micro_pdf417": ("MicroPDF417",), "maxicode": ("MaxiCode",),
}  # fmt: skip
"""The reader's names: the first is what is asked for, all are what it answers."""
_KIND_OF = {name: kind for kind, names in _FORMATS.items() for name in names}
_ANY_ANGLE: frozenset[Kind] = frozenset({"qr", "micro_qr", "aztec"})
"""What the reader finds at any angle; it looks for all others along rows and columns, or nearly so."""
_BARS: frozenset[Kind] = frozenset(KINDS[: KINDS.index("qr")])
"""What is read along one line across its bars."""
_SEPARATORS = frozenset("\t\n\r\x04\x1c\x1d\x1e\x1f")
"""Control characters of texts: of GS1, and of the messages of ISO/IEC 15434."""

_UPRIGHT: frozenset[Kind] = frozenset({"maxicode"})
"""What the reader finds upright only, and alone in a picture."""
_FRAIL: frozenset[Kind] = frozenset({"rmqr", "micro_pdf417"})
"""What the reader misses in most pictures that are turned, unless they are enlarged, and turned in all four ways."""
_NEAR = 0.1
"""How far outside of a code of bars a part of it may be read, as a share of its size: that of a tilted one is small."""
_SPARE = 0.025
"""The reader leaves the outer guards of a DataBar out: two modules of 79 and more."""


class Code(NamedTuple):
    """What a code holds, and the four corners around its modules, clockwise from its own upper left.

    Corners are edge coordinates. Of a mirrored code they run the other way. `text` is None where `data` is no text.
    """

    kind: Kind
    text: str | None
    data: bytes
    quad: NDArray[np.float64]

    @property
    def facts(self) -> dict[str, Any]:
        """What it says as JSON: `text`, and `base64` of its bytes where those are not the text's own in UTF-8."""
        shown = {} if self.text is None else {"text": self.text}
        if self.text is None or self.text.encode() != self.data:
            shown["base64"] = base64.b64encode(self.data).decode()
        return shown


def needs_turning(kinds: Iterable[Kind]) -> bool:
    """Whether any of these is looked for in turned copies."""
    return not _ANY_ANGLE.issuperset(kinds)


def read_codes(luma: Pixels, kinds: Iterable[Kind] = ("qr",)) -> list[Code]:
    """The codes that can be read in a grey picture (height, width), from top to bottom; dark on light or inverted.

    What the reader finds only along rows and columns is looked for in turned copies too, one for each direction in
    which many edges run. Some kinds need more, and get it where not all are asked for: MaxiCode copies in which what is
    dark stands upright, so the picture may show nothing else, rMQR and Micro PDF417 enlarged ones.
    """
    wanted = set(kinds)
    scale = min(1.0, SIDE / max(luma.shape))
    size = tuple(max(1, round(side * scale)) for side in luma.shape[::-1])
    small = np.ascontiguousarray(luma if scale == 1 else cv2.resize(luma, size, interpolation=cv2.INTER_AREA))
    found = list(_read(small, wanted))
    angles = slants(small) if needs_turning(wanted) else []
    found += _read_turned(small, angles, wanted - _ANY_ANGLE)
    if wanted != set(KINDS):
        missing = (wanted & _UPRIGHT) - {code.kind for code in found}
        found += _read_turned(small, _four_ways([standing(small)]) if missing else (), missing)
        grown = 2 if 2 * max(small.shape) <= SIDE else 1
        found += _read_turned(small, _four_ways([0.0, *angles]), wanted & _FRAIL, grown)
    grown = np.array(luma.shape[::-1]) / np.array(size)
    codes = [code._replace(quad=code.quad * grown) for code in _each_once(small, found)]
    return sorted(codes, key=lambda code: tuple(code.quad.mean(axis=0)[::-1]))[:MOST]


def _four_ways(angles: Iterable[float]) -> Iterator[float]:
    return (angle + quarter for angle in angles for quarter in (0, 90, 180, 270))


def _read_turned(luma: Pixels, angles: Iterable[float], kinds: set[Kind], grown: int = 1) -> Iterator[Code]:
    """The codes of these kinds in copies turned back by each of the angles."""
    for angle in angles if kinds else ():
        copy, back = turned(luma, angle, grown)
        yield from (code._replace(quad=_moved(code.quad, back)) for code in _read(copy, kinds))


def _read(luma: Pixels, kinds: set[Kind]) -> Iterator[Code]:
    """The codes of these kinds, as the reader finds them."""
    import zxingcpp

    names = [_FORMATS[kind][0] for kind in KINDS if kind in kinds]
    formats = zxingcpp.BarcodeFormats([getattr(zxingcpp.BarcodeFormat, name) for name in names])
    for found in zxingcpp.read_barcodes(luma, formats=formats, text_mode=zxingcpp.TextMode.Plain):
        code = _code(found, kinds)
        if code.kind in kinds:
            yield code


def _code(found: Any, kinds: set[Kind]) -> Code:
    kind, text, data = _payload(_KIND_OF[found.format.name], found, kinds)
    return Code(kind, text, data, _corners(found.position))


def _payload(kind: Kind, found: Any, kinds: set[Kind]) -> tuple[Kind, str | None, bytes]:
    """Kind, text and bytes as they are printed: the reader gives UPC-A a zero more, and UPC-E what it is short for."""
    text, data = found.text, bytes(found.bytes)
    if kind == "upc_a" or (kind == "ean13" and "upc_a" in kinds and data.startswith(b"0")):
        return "upc_a", text[1:], data[1:]
    if kind == "upc_e":
        text = str((found.extra or {}).get("UPCE", text))
        return kind, text, text.encode()
    return kind, text if _is_text(found) else None, data


def _is_text(found: Any) -> bool:
    """Whether a code holds text: no control characters but separators, and bytes that its character set explains."""
    text, data = found.text, bytes(found.bytes)
    if any((char < " " and char not in _SEPARATORS) or "\x7f" <= char <= "\x9f" for char in text):
        return False
    return bool(text.encode() == data or (found.content_type.name in {"Text", "GS1"} and "\ufffd" not in text))


def _corners(position: Any) -> NDArray[np.float64]:
    """The reader gives whole pixels, of which each is meant as its middle."""
    names = ("top_left", "top_right", "bottom_right", "bottom_left")
    points = [getattr(position, name) for name in names]
    return np.array([(point.x, point.y) for point in points], np.float64)


def _moved(quad: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return quad @ matrix[:, :2].T + matrix[:, 2]


def _whole(luma: Pixels, code: Code) -> Code:
    if code.kind not in _BARS:
        return code
    return code._replace(quad=whole_bars(luma, code.quad, _SPARE if code.kind == "databar" else 0.0))


def _each_once(luma: Pixels, found: list[Code]) -> list[Code]:
    """Each code once, by the largest of its readings, and all of it.

    Of bars, a reading inside another is a part of it: a part of an ITF reads as a shorter one.
    """
    kept: list[Code] = []
    for code in sorted(found, key=lambda one: -_area(one.quad)):
        if not any(_same(code, larger) for larger in kept):
            kept.append(_whole(luma, code))
    return kept


def _same(code: Code, larger: Code) -> bool:
    both_bars = code.kind in _BARS and larger.kind in _BARS
    if not both_bars and (code.kind, code.data) != (larger.kind, larger.data):
        return False
    middle = code.quad.mean(axis=0).astype(np.float32)
    outside = -cv2.pointPolygonTest(larger.quad.astype(np.float32), (float(middle[0]), float(middle[1])), True)
    near = _NEAR * _area(larger.quad) ** 0.5 if both_bars and code.data in larger.data else 0.0
    return outside <= near


def _area(quad: NDArray[np.float64]) -> float:
    return abs(float(cv2.contourArea(quad.astype(np.float32))))
