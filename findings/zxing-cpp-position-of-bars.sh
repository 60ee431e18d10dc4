#!/usr/bin/env bash
# Expected: `Barcode.position` is "position of the decoded symbol", a quadrilateral; that of a QR code holds all of it
# at any angle, and that of an upright EAN-13 does too.
# Instead: in zxing-cpp 3.1.1 the position of an upright DataBar ends half-way down its bars, and that of a Code 128
# turned by 20 degrees is a trapezoid with level sides (the rows that cross all bars) which holds a third of the symbol.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check zxing-cpp==3.1.1 pillow==13.0.0 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import numpy
import zxingcpp
from PIL import Image, ImageDraw

Format = zxingcpp.BarcodeFormat


def held(kind, text, angle):
    """The share of a symbol's dark pixels within the position that is told."""
    drawn = numpy.array(zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, kind), scale=4))
    picture = Image.fromarray(numpy.pad(drawn, 150, constant_values=255)).rotate(angle, Image.BICUBIC, fillcolor=255)
    (code,) = zxingcpp.read_barcodes(numpy.array(picture))
    place = code.position
    corners = [(one.x, one.y) for one in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)]
    inside = Image.new("L", picture.size)
    ImageDraw.Draw(inside).polygon(corners, fill=255, outline=255)
    dark = numpy.array(picture) < 128
    return round(float((dark & (numpy.array(inside) > 0)).sum() / dark.sum()), 2)


shares = {
    "QR code": held(Format.QRCode, "hello", 0),
    "QR code, turned": held(Format.QRCode, "hello", 20),
    "Code 128": held(Format.Code128, "Hello", 0),
    "Code 128, turned": held(Format.Code128, "Hello", 20),
    "DataBar": held(Format.DataBarOmni, "04006381333931", 0),
}
print(f"zxing-cpp 3.1.1, share of the dark pixels within the position: {shares}")
assert min(shares["QR code"], shares["QR code, turned"], shares["Code 128"]) > 0.9
assert shares["Code 128, turned"] < 0.6
assert shares["DataBar"] < 0.6
PYTHON
