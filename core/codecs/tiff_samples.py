"""TIFF pictures whose samples no decoder at hand makes eight bits of: deep, signed, in planes, with odd alpha.

Source: TIFF 6.0 (8, 14, 18), TIFF Technical Note 3 (predictor 3, half floats), Adobe Photoshop TIFF notes. libtiff, in
Pillow, unpacks strips and tiles as if they were rows of bytes of one grey picture; what the bytes mean is told here:
OpenCV 5 scrambles deep planes and drops white-is-zero, Pillow 13 knows neither 32-bit colours nor most alpha.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import ifd, lab, tiff_blocks, tiff_ycbcr
from core.codecs.base import DecodedFrame, damaged, unsupported
from core.codecs.ifd import IfdEntry
from core.codecs.pillow import ignore_warnings
from core.errors import BadDepthError
from core.picture import Pixels

_MOST_8, _MOST_16 = 255, 65535
Directory = Mapping[int, IfdEntry]
Values = NDArray[Any]

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR = 256, 257, 258, 259, 262, 277, 284
_PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _EXTRA, _FORMAT = 317, 322, 323, 338, 339
_OFFSETS, _COUNTS = (273, 324), (279, 325)
_ROWS, _COLOR_MAP = 278, 320
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_LAB = {lab.CIE_LAB, lab.ICC_LAB}
_OF = {
    _WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3, lab.CIE_LAB: 3, lab.ICC_LAB: 3,
}  # fmt: skip
"""Samples of a colour, before any extra one."""
_UNSIGNED, _SIGNED, _FLOAT, _UNKNOWN = 1, 2, 3, 4
_MULTIPLIED, _STRAIGHT = 1, 2
_HORIZONTAL, _FLOATING = 2, 3
_PLANES = 2
_PREDICTED = {5, 8, 32946, 34925, 50000}
"""LZW, deflate, LZMA and Zstandard, which a predictor may precede; of others its tag means nothing."""
_AS_BYTES = {1, 32773, *_PREDICTED}
"""Compressions that know nothing of samples: also none, and PackBits."""
_FLOATS = {16: np.float16, 32: np.float32, 64: np.float64}
_PACKED = {*range(1, 16), 24} - {8}
_MOST_OF_UNUSED = 1 << 26
"""Bytes of a picture with more than one sample that is neither colour nor alpha, since memory is declared without."""
_BAND = 1 << 21


class Layout(NamedTuple):
    """How samples lie in a file: `samples` of them a pixel, of so many `bits`, `colours` of which are no alpha.

    `planes` is 1, or as many as there are samples; `tile` is a tile's width in pixels, 0 for strips. `unit` is how many
    pixels across and down share their two samples of colour (YCbCr); `table` are the colours of a palette.
    """

    width: int
    height: int
    bits: int
    kind: int
    photometric: int
    samples: int
    colours: int
    extra: int
    planes: int
    tile: int
    predictor: int
    unit: tuple[int, int] = (1, 1)
    table: Pixels | None = None
    ycbcr: NDArray[np.float32] | None = None

    @property
    def alpha(self) -> bool:
        """Whether the sample behind the colours is alpha."""
        return self.samples > self.colours and self.extra in {_MULTIPLIED, _STRAIGHT}

    @property
    def channels(self) -> int:
        """What is made of them: 1, 3 or 4, and of inks with alpha 5."""
        if self.colours == 4:
            return 4 + self.alpha
        return 4 if self.alpha else 3 if self.photometric == _PALETTE else self.colours

    @property
    def each(self) -> int:
        """Samples of a pixel in one plane."""
        return 1 if self.planes > 1 else self.samples

    @property
    def across(self) -> int:
        """Pixels of a row with the rest of its last tile."""
        return -(-self.width // self.tile) * self.tile if self.tile else self.width

    def row_bytes(self, pixels: int) -> int:
        """Bytes of so many pixels of a plane's row, or of a row of units, in whole ones."""
        across, down = self.unit
        if self.unit != (1, 1):
            return -(-pixels // across) * (across * down + 2)
        return (pixels * self.each * self.bits + 7) // 8


def layout(page: Directory) -> Layout:
    """What the directory says. NotAnImageError (415) for what is intact and not read here."""
    bits = {int(number) for number in page[_BITS].numbers()} if _BITS in page else {1}
    kinds = {int(number) for number in page[_FORMAT].numbers()} if _FORMAT in page else {_UNSIGNED}
    photometric, count = ifd.first_number(page, _PHOTOMETRIC, -1), ifd.first_number(page, _SAMPLES, 1)
    if photometric in _LAB and kinds <= {_UNSIGNED, _SIGNED}:
        kinds = {_UNSIGNED}
    if len(bits) > 1 or len(kinds) > 1:
        raise unsupported("tiff", "its samples have different depths")
    planar = ifd.first_number(page, _PLANAR, 1) == _PLANES
    predicted = ifd.first_number(page, _COMPRESSION, 1) in _PREDICTED
    if tiff_blocks.is_ycbcr(page):
        photometric = _YCBCR
    found = Layout(
        ifd.first_number(page, _WIDTH, 0), ifd.first_number(page, _HEIGHT, 0), bits.pop(), kinds.pop(), photometric,
        count, _OF[photometric], ifd.first_number(page, _EXTRA, 0), count if planar else 1,
        ifd.first_number(page, _TILE_WIDTH, 0), ifd.first_number(page, _PREDICTOR, 1) if predicted else 1,
    )  # fmt: skip
    if photometric == _YCBCR:
        unit = (1, 1) if tiff_blocks.has_blocks(page) else tiff_ycbcr.unit(page)
        found = found._replace(unit=unit, ycbcr=tiff_ycbcr.bgr_matrix(page))
    _refuse_unread(found, page)
    return found


def _refuse_unread(found: Layout, page: Directory) -> None:
    if tiff_blocks.has_blocks(page):
        tiff_blocks.refuse(page, found.bits, found.each, whole=found.kind in {_UNSIGNED, _UNKNOWN})
    elif ifd.first_number(page, _COMPRESSION, 1) not in _AS_BYTES:
        raise unsupported("tiff", f"{found.bits} bits in this compression")
    whole = found.kind in {_UNSIGNED, _UNKNOWN} and (found.bits in _PACKED or found.bits in {8, 16, 32, 64})
    signed, floating = found.kind == _SIGNED and found.bits in {8, 16, 32, 64}, found.kind == _FLOAT
    if not whole and not signed and not (floating and found.bits in _FLOATS):
        raise unsupported("tiff", f"{found.bits} bits of sample format {found.kind}")
    if found.predictor not in {1, _HORIZONTAL, _FLOATING} or (found.predictor != 1 and found.bits in _PACKED):
        raise unsupported("tiff", f"predictor {found.predictor} over {found.bits} bits")
    if found.predictor == _FLOATING and not floating:
        raise unsupported("tiff", "a floating predictor over whole numbers")
    if found.photometric in _LAB and (found.bits not in {8, 16} or found.kind != _UNSIGNED):
        raise unsupported("tiff", f"CIELab of {found.bits} bits")
    if found.photometric == _PALETTE and (found.kind != _UNSIGNED or found.bits > 16):
        raise unsupported("tiff", f"a palette of {found.bits} bits of sample format {found.kind}")
    if found.unit != (1, 1) and (found.samples != 3 or found.bits != 8 or found.planes > 1 or found.predictor != 1):
        raise unsupported("tiff", "YCbCr of fewer colours than pixels, in planes, deep or of differences")
    size = found.row_bytes(found.across) * found.planes * found.height
    if found.samples < found.colours or (found.samples > found.colours + 1 and size > _MOST_OF_UNUSED):
        raise unsupported("tiff", f"{found.samples} samples where {found.colours} are colours")


def decode_samples(data: bytes, page: Directory, *, deep: bool = False) -> DecodedFrame:
    """The picture as stored, not turned, `deep` in 16 bits. `page` holds no tag but those of the layout.

    Errors: 415, 422; BadDepthError (400) for colours of which only eight bits are read.
    """
    found = layout(page)
    if deep and found.photometric in {_CMYK, _PALETTE, _YCBCR, *_LAB}:
        raise BadDepthError(
            "Inks, palettes, YCbCr and CIELab of a TIFF are read with 8 bits: leave out the depth.", parameter="depth"
        )
    if found.photometric == _PALETTE:
        found = found._replace(table=_table(page))
    wanted = found.colours + int(found.alpha) if found.planes > 1 else 1
    planes = [_plane(data, page, found, number) for number in range(wanted)]
    cmyk = found.photometric == _CMYK
    made = np.empty((found.height, found.width, found.channels), np.uint16 if deep else np.uint8)
    each = found.across * found.samples * (8 if found.bits in _PACKED else found.bits // 8)
    rows = max(1, _BAND // max(1, each))
    order = tiff_blocks.number_order(data, page) if tiff_blocks.has_blocks(page) else ifd.byte_order(data) or "<"
    down = found.unit[1]
    for top in range(0, len(planes[0]), rows):
        parts = [_values(plane[top : top + rows], found, order) for plane in planes]
        values = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
        place = made[top * down : (top + rows) * down]
        place[:] = _shown(values[: len(place)], found, _MOST_16 if deep else _MOST_8)
    if cmyk and found.alpha:
        return DecodedFrame(np.ascontiguousarray(made[:, :, :4]), cmyk=True, alpha=made[:, :, 4])
    return DecodedFrame(made, cmyk=cmyk)


def _plane(data: bytes, page: Directory, found: Layout, number: int) -> Pixels:
    """The bytes of one plane, height × bytes of a row."""
    if tiff_blocks.has_blocks(page):
        kind = {_SIGNED: "i", _FLOAT: "f"}.get(found.kind, "u") + str(found.bits // 8)
        wanted = tiff_blocks.Samples(found.each, kind, found.alpha and found.each == found.samples)
        return tiff_blocks.plane(data, page, found.tile, found.width, number, wanted)
    from PIL.TiffImagePlugin import TiffImageFile

    ignore_warnings()
    file = TiffImageFile(BytesIO(ifd.with_first(data, _as_bytes(page, found, number))))
    file.load()
    return np.asarray(file)


def _as_bytes(page: Directory, found: Layout, number: int) -> dict[int, IfdEntry]:
    """The directory of a grey picture of eight bits with the plane's strips or tiles, a byte a pixel."""
    order = page[_WIDTH].order
    gone = {_PREDICTOR, _EXTRA, _FORMAT, _COLOR_MAP, _PLANAR, 274, 529, 530, 531, 532}
    made = {tag: entry for tag, entry in page.items() if tag not in gone}
    made |= {tag: ifd.value(order, ifd.SHORT, number_) for tag, number_ in (
        (_BITS, 8), (_SAMPLES, 1), (_PHOTOMETRIC, _BLACK_IS_ZERO),
    )}  # fmt: skip
    made[_WIDTH] = ifd.value(order, ifd.LONG, found.row_bytes(found.across) if not found.tile else _tiled_bytes(found))
    if found.tile:
        made[_TILE_WIDTH] = ifd.value(order, ifd.LONG, found.row_bytes(found.tile))
    if found.unit[1] > 1:
        made |= tiff_ycbcr.rows_of_units(page, found.unit[1])
    for tag in (*_OFFSETS, *_COUNTS):
        if tag in made and found.planes > 1:
            made[tag] = _share(made[tag], found.planes, number)
    return made


def _tiled_bytes(found: Layout) -> int:
    return found.row_bytes(found.tile) * (found.across // found.tile)


def _share(entry: IfdEntry, planes: int, number: int) -> IfdEntry:
    """The entries of one plane: those of the first come first."""
    each = entry.number // planes
    size = len(entry.raw) // max(1, entry.number)
    if not each:
        raise damaged("tiff", "it lacks the strips of a plane")
    return entry._replace(number=each, raw=entry.raw[number * each * size : (number + 1) * each * size])


def _values(rows: Pixels, found: Layout, order: str) -> Values:
    """Rows of bytes as height × width × samples of the plane."""
    if not found.tile:
        return _row_values(rows, found.width, found, order)
    size = found.row_bytes(found.tile)
    tiles = [_row_values(rows[:, at : at + size], found.tile, found, order) for at in range(0, rows.shape[1], size)]
    return np.concatenate(tiles, axis=1)[:, : found.width]


def _row_values(rows: Pixels, width: int, found: Layout, order: str) -> Values:
    if found.unit != (1, 1):
        return tiff_ycbcr.spread(rows, width, found.unit)
    if found.bits in _PACKED:
        return _unpacked(rows, width * found.each, found.bits).reshape(len(rows), width, found.each)
    if found.predictor == _FLOATING:
        return _unfolded(rows, width, found)
    kind = {_SIGNED: "i", _FLOAT: "f"}.get(found.kind, "u")
    values = np.ascontiguousarray(rows).view(f"{order}{kind}{found.bits // 8}").reshape(len(rows), width, found.each)
    if found.predictor != _HORIZONTAL:
        return values
    whole = np.dtype(f"u{found.bits // 8}")
    bare = values.view(f"{order}u{found.bits // 8}").astype(whole)
    return np.cumsum(bare, axis=1, dtype=whole).view(values.dtype.newbyteorder("="))


def _unpacked(rows: Pixels, count: int, bits: int) -> Values:
    """Numbers of some bits, the highest first (FillOrder is libtiff's matter), each row from a whole byte on."""
    if bits in {1, 2, 4}:
        shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
        parts = rows[:, :, None] >> shifts & np.uint8((1 << bits) - 1)
        return parts.reshape(len(rows), -1)[:, :count]
    each = np.unpackbits(rows, axis=1)[:, : count * bits].reshape(len(rows), count, bits)
    if bits <= 8:
        return np.packbits(each, axis=2)[:, :, 0] >> np.uint8(8 - bits)
    whole = np.packbits(each, axis=2).astype(np.uint32)
    if bits == 24:
        return whole[:, :, 0] << 16 | whole[:, :, 1] << 8 | whole[:, :, 2]
    return (whole[:, :, 0] << 8 | whole[:, :, 1]) >> np.uint32(16 - bits)


def _unfolded(rows: Pixels, width: int, found: Layout) -> Values:
    """Predictor 3: differences of bytes, the highest bytes of all numbers of a row first."""
    size = found.bits // 8
    bare = np.cumsum(rows.reshape(len(rows), -1, found.each), axis=1, dtype=np.uint8).reshape(len(rows), size, -1)
    numbers = np.ascontiguousarray(bare.transpose(0, 2, 1)).view(f">f{size}")
    return numbers.reshape(len(rows), width, found.each)


def _shown(values: Values, found: Layout, most: int) -> Pixels:
    """Height × width × samples from 0 to `most`: grey, BGR or BGRA, or inks as light."""
    colours, alpha = _colours_and_alpha(values, found, most)
    if found.photometric == _CMYK:
        return np.concatenate([colours, alpha], axis=2) if found.alpha else colours
    if not found.alpha:
        return colours[:, :, ::-1]
    places = (2, 1, 0) if colours.shape[2] == 3 else (0, 0, 0)
    planes = [np.ascontiguousarray(colours[:, :, place]) for place in places]
    return cv2.merge([*planes, np.ascontiguousarray(alpha[:, :, 0])])


def _colours_and_alpha(values: Values, found: Layout, most: int) -> tuple[Pixels, Pixels]:
    """Grey, red, green and blue, or inks as light, and the alpha behind them, all not multiplied by it."""
    count = found.colours
    if found.photometric in _LAB:
        return lab.to_bgr(values[:, :, :3], found.photometric)[:, :, ::-1], _spread(values[:, :, 3:], found, most)
    if found.table is not None:
        return np.take(found.table, values[:, :, 0], axis=0), _spread(values[:, :, 1:2], found, most)
    if found.alpha and found.extra == _MULTIPLIED:
        pixels = _divided(values, found, most)
    else:
        pixels = _spread(values, found, most)
        if found.photometric in {_WHITE_IS_ZERO, _CMYK}:
            pixels = np.concatenate([most - pixels[:, :, :count], pixels[:, :, count:]], axis=2)
    colours, alpha = pixels[:, :, :count], pixels[:, :, count : count + 1]
    if found.ycbcr is not None:
        colours = cv2.transform(np.ascontiguousarray(colours), found.ycbcr)[:, :, ::-1]
    return colours, alpha


def _divided(values: Values, found: Layout, most: int) -> Pixels:
    """Samples whose colours were multiplied by alpha: of inks the ink was, of grey the light, also where 0 is white."""
    shares = _shares(values, found)
    colours, alpha = shares[:, :, : found.colours], shares[:, :, found.colours : found.colours + 1]
    if found.photometric == _WHITE_IS_ZERO:
        colours = 1 - colours
    colours = np.minimum(np.divide(colours, alpha, out=np.zeros_like(colours), where=alpha > 0), 1)
    if found.photometric == _CMYK:
        colours = 1 - colours
    return np.rint(np.concatenate([colours, alpha], axis=2) * most).astype(_kind(most))


def _table(page: Directory) -> Pixels:
    """The colours of a palette, RGB; those of old writers have eight bits of the sixteen (as libtiff finds out)."""
    entry = page[_COLOR_MAP]
    numbers = np.frombuffer(entry.raw, f"{entry.order}u2").reshape(3, -1).T
    return numbers.astype(np.uint8) if numbers.max() < 256 else np.rint(numbers / 257).astype(np.uint8)


def _spread(values: Values, found: Layout, most: int) -> Values:
    """The range of whole numbers, or 0 to 1 of floats, spread over 0 to `most`."""
    made = _kind(most)
    if found.bits == 8 * made.itemsize and found.kind not in {_SIGNED, _FLOAT}:
        return values.astype(made, copy=False)
    shares = _shares(values, found)
    shares *= most
    return np.rint(shares).astype(made)


def _kind(most: int) -> np.dtype[Any]:
    return np.dtype(np.uint16 if most > _MOST_8 else np.uint8)


def _shares(values: Values, found: Layout) -> Values:
    """The samples as shares of their range, 0 to 1."""
    if found.kind == _FLOAT:
        return np.clip(np.nan_to_num(values.astype(np.float32)), 0, 1)
    least = -(2.0 ** (found.bits - 1)) if found.kind == _SIGNED else 0.0
    exact: Values = values.astype(np.float32 if found.bits <= 16 else np.float64)
    exact -= least
    exact *= 1 / (2.0**found.bits - 1)
    return exact
