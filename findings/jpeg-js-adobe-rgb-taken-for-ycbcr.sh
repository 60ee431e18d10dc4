#!/usr/bin/env bash
# Expected: a JPEG whose Adobe APP14 segment says transform 0 with three components holds RGB (ISO/IEC 10918-6). The
# README of jpeg-js says of colorTransform that undefined follows what the file's metadata say.
# Instead: jpeg-js 0.4.4 reads the flag but treats 0 as absent and converts from YCbCr: pure red comes out as another
# colour. Pillow 13.0.0 writes such a file with keep_rgb=True and reads it back right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund jpeg-js@0.4.4

venv/bin/python - <<'PYTHON'
from PIL import Image

Image.new("RGB", (16, 16), (255, 0, 0)).save("red.jpg", quality=95, subsampling=0, keep_rgb=True)
with Image.open("red.jpg") as picture:
    assert picture.info["adobe_transform"] == 0
    assert all(abs(a - b) < 3 for a, b in zip(picture.getpixel((8, 8)), (255, 0, 0)))
    print("Pillow 13.0.0 reads", picture.getpixel((8, 8)))
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const jpeg = require('jpeg-js');
const first = (options) => [...jpeg.decode(fs.readFileSync('red.jpg'), options).data.slice(0, 3)];
const usual = first({});
const told = first({ colorTransform: false });
console.log(`jpeg-js 0.4.4 reads ${usual}; told colorTransform false, ${told}`);
const isRed = ([r, g, b]) => r > 250 && g < 5 && b < 5;
process.exit(!isRed(usual) && isRed(told) ? 0 : 1);
NODE
node probe.cjs
