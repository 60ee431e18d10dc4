#!/usr/bin/env bash
# Expected: probe-image-size hands out an orientation as Exif numbers them, and reads an AVIF's from "irot", which counts quarter
# turns anti-clockwise (ISO/IEC 23008-12, 6.5.10): orientation 6, a quarter turn clockwise, is 3 in "irot", 8 is 1.
# Instead: probe-image-size 7.5.0 hands out 8 for 6 and 6 for 8: a picture held upright is shown upside down. The other six, and
# JPEGs of all eight, come out right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund probe-image-size@7.5.0
venv/bin/python - <<'PYTHON'
from PIL import Image

picture = Image.new("RGB", (64, 32), (200, 90, 40))
for orientation in range(1, 9):
    tags = Image.Exif()
    tags[0x0112] = orientation
    for kind in ("jpg", "avif"):
        picture.save(f"{orientation}.{kind}", exif=tags)
    with Image.open(f"{orientation}.avif") as again:
        assert again.getexif().get(0x0112, 1) == orientation
for orientation, turns in ((6, 3), (8, 1)):
    with open(f"{orientation}.avif", "rb") as file:
        content = file.read()
    assert content[content.index(b"irot") + 4] == turns
PYTHON

cat > probe.cjs <<'NODE'
const { readFileSync } = require('node:fs');
const { sync } = require('probe-image-size');
const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
const seen = ['jpg', 'avif'].map((kind) => {
  const read = numbers.map((number) => sync(readFileSync(`${number}.${kind}`)).orientation ?? 1).join('');
  console.log(`probe-image-size 7.5.0, ${kind} of the orientations ${numbers.join('')}: ${read}`);
  return read;
});
process.exit(seen.join() === '12345678,12345876' ? 0 : 1);
NODE
node probe.cjs
