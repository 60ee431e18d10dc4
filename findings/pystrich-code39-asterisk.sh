#!/usr/bin/env bash
# Expected: in Code 39 (ISO/IEC 16388) the asterisk is the start and stop character and cannot be data, so an encoder
# refuses it, as PyStrich does with every other character outside the set.
# Instead: pyStrich 0.20 takes "*" as data (its own error message lists it among the allowed ones) and draws a symbol
# with a stop character in the middle. zxing-cpp 3.1.1 reads the symbol without it and not the one with it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pystrich==0.20 zxing-cpp==3.1.1 pillow==13.0.0 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import numpy
import zxingcpp
from PIL import Image, ImageOps
from pystrich.code39 import Code39Encoder

read = {}
for text in ("ABC-DEF", "ABC*DEF"):
    Code39Encoder(text).save("code.png")
    with Image.open("code.png") as picture:
        framed = ImageOps.expand(picture.convert("L"), 40, 255)
    read[text] = [code.text for code in zxingcpp.read_barcodes(numpy.array(framed))]
print(f"pyStrich 0.20 written, zxing-cpp 3.1.1 read: {read}")
assert read["ABC-DEF"] == ["ABC-DEF"]
assert "ABC*DEF" not in read["ABC*DEF"]
PYTHON
