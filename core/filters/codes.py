"""Codes: what QR codes and bar codes say, and where they are."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.findings.coverage import EVERYWHERE
from core.findings.findings import Findings, Mark, Object
from core.findings.region import Region
from core.imaging.alpha import flattened
from core.imaging.codes import KINDS, Code, Kind, read_codes
from core.imaging.pixels import grey
from core.language.values import WHITE, doc
from core.picture import Picture, Pixels
from core.registry import measure


def _luma(picture: Picture) -> Pixels:
    """The picture on white, grey (height, width)."""
    return grey(flattened(picture.pixels, WHITE.bgr))[:, :, 0]


def _turns(quad: NDArray[np.float64]) -> float:
    """Above 0 where the corners run clockwise."""
    (x, y), (to_x, to_y) = quad[1] - quad[0], quad[3] - quad[0]
    return float(x * to_y - y * to_x)


def _region(code: Code, *, clockwise: bool = False) -> Region:
    points = [(float(x), float(y)) for x, y in code.quad]
    if clockwise and _turns(code.quad) < 0:
        points = [points[0], *points[:0:-1]]
    return Region(tuple(points))


@measure(cost=Cost(pixel=5.3, fixed=20, alpha=25, grey=0.9), memory=6, revision=2, example="qr", reach=EVERYWHERE)
def qr(picture: Picture) -> list[Mark]:
    """QR codes: what each says and where it is.

    `text` is what was encoded, in whatever character set, with the separators of GS1 as they are (byte 0x1D).
    `base64` are the bytes, where they are not the text's in UTF-8; of what is no text there are only those.
    Looked for in a copy of at most 2000 pixels a side. The quad's first corner is the code's own upper left.
    `barcodes:qr` finds the same as objects, which can be drawn and hidden.
    Source: ISO/IEC 18004:2015, read by https://github.com/zxing-cpp/zxing-cpp.
    """
    return [Mark(region=_region(code), facts=code.facts) for code in read_codes(_luma(picture))]


def _kinds(kinds: tuple[Kind, ...], **_: Any) -> tuple[Kind, ...]:
    return kinds


def _barcodes_cost(kinds: tuple[Kind, ...]) -> Cost:
    """Each kind is looked for by itself, and those that are read along rows in turned copies too, MaxiCode in four.

    Of small pictures rMQR and Micro PDF417 are read in copies of four times the pixels: large ones take no more.
    """
    sampled = 30 + 19 * min(len(kinds or KINDS), 8) + (60 if "maxicode" in kinds else 0)
    frail = 200 * len({"rmqr", "micro_pdf417"}.intersection(kinds))
    if frail and len(kinds) < len(KINDS):
        return Cost(pixel=3, sampled=2 * sampled + frail, samples=1e6, fixed=300, alpha=25, grey=0.6, flat=0.35)
    return Cost(pixel=3, sampled=sampled, samples=3e6, fixed=300, alpha=25, grey=0.6, flat=0.35)


@measure(
    cost=_barcodes_cost,
    memory=8,
    revision=3,
    example="barcodes",
    labels=KINDS,
    classes=_kinds,
    reach=0,
)
def barcodes(
    picture: Picture, kinds: Annotated[tuple[Kind, ...], doc("Kinds to look for, as ean13+upc_a; left out, all")] = ()
) -> Findings:
    """Find codes of every kind: objects labelled by their kind, with what each says.

    Objects follow geometry, and `draw`, `count`, `crop_to` and `redact` take them. `text` and `base64` are as in `qr`:
    a UPC-A has twelve digits, a UPC-E eight as printed, and a DataBar tells GS1's element string, without brackets. An
    EAN-13 that begins with 0 is a UPC-A, unless only `ean13` is asked for.
    Codes are read at any angle (those of bars and PDF417 in copies turned by the three directions in which most edges
    run), and the box of a bar code is as high as its bars: digits printed below are outside. Of a DataBar it is two
    modules wider. MaxiCode is read alone in the picture only, and where it does not stand upright if it is asked for by
    `kinds`; it and DX film edge are not read where the picture is tilted. rMQR is read at any angle only if it is asked
    for by `kinds` and a module has five pixels or more, Micro PDF417 if it is asked for or has three. A Telepen does
    not say whether it holds digits: with control characters from 0x10 on it is read as digits. Light on dark are only
    QR codes of all sorts, Data Matrix and Aztec. EAN-2 and EAN-5 beside an EAN are not read. Looked for in a copy of at
    most 2000 pixels a side; at most 255.
    Source: read by https://github.com/zxing-cpp/zxing-cpp.
    """
    found = read_codes(_luma(picture), kinds or KINDS)
    return Findings(objects=tuple(_object(code) for code in found))


def _object(code: Code) -> Object:
    return Object(
        label=code.kind, index=KINDS.index(code.kind), score=1.0, region=_region(code, clockwise=True),
        model="zxing-cpp", facts=code.facts,
    )  # fmt: skip
