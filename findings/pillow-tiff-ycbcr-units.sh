#!/usr/bin/env bash
# Expected: an uncompressed YCbCr TIFF holds units, of 2 by 2 samples of light and one each of Cb and Cr unless
# YCbCrSubSampling says otherwise (TIFF 6.0, section 21): a picture of one colour comes out in that colour.
# Instead: Pillow 13.0.0 takes the bytes for rows of three samples a pixel. In one strip the picture is "truncated"; where
# strips are padded, it loads in other colours, without an error. The same units under deflate come out right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0

venv/bin/python - <<'PYTHON'
import io
import struct
import zlib

from PIL import Image

SIDE, UNIT = 16, bytes((150, 150, 150, 150, 90, 200))  # four of light, Cb, Cr
Y, CB, CR = UNIT[0], UNIT[4] - 128, UNIT[5] - 128
RIGHT = tuple(round(value) for value in (Y + 1.402 * CR, Y - 0.344136 * CB - 0.714136 * CR, Y + 1.772 * CB))


def tiff(strip, compression):
    tags = {
        256: (3, SIDE), 257: (3, SIDE), 258: (3, 8), 259: (3, compression), 262: (3, 6), 273: (4, 8), 277: (3, 3),
        278: (3, SIDE), 279: (4, len(strip)), 284: (3, 1), 530: (3, 2 | 2 << 16),
    }
    strip += b"\0" * (len(strip) % 2)
    at = 8 + len(strip)
    bits = at + 2 + 12 * len(tags) + 4
    table = struct.pack("<H", len(tags))
    for tag, (kind, value) in sorted(tags.items()):
        count = {258: 3, 530: 2}.get(tag, 1)
        table += struct.pack("<HHII", tag, kind, count, bits if tag == 258 else value)
    return struct.pack("<2sHI", b"II", 42, at) + strip + table + bytes(4) + struct.pack("<3H", 8, 8, 8)


def read(strip, compression):
    try:
        with Image.open(io.BytesIO(tiff(strip, compression))) as picture:
            colours = picture.convert("RGB").getcolors()
    except OSError as error:
        return str(error)
    return "one colour, " + str(colours[0][1]) if len(colours) == 1 else f"{len(colours)} colours"


units = UNIT * (SIDE // 2) ** 2
seen = {
    "deflate": read(zlib.compress(units), 8),
    "uncompressed": read(units, 1),
    "uncompressed, padded": read(units + bytes(SIDE * SIDE * 3 - len(units)), 1),
}
print(f"Pillow 13.0.0; right is {RIGHT}")
for name, what in seen.items():
    print(f"{name}: {what}")
assert seen["deflate"].startswith("one colour"), seen
assert "truncated" in seen["uncompressed"], seen
assert seen["uncompressed, padded"].endswith(" colours"), seen
PYTHON
