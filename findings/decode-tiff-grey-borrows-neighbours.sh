#!/usr/bin/env bash
# Expected: TIFF 6.0, section 4 (Grayscale Images): one sample to a pixel is its grey, and 0 is white where
# PhotometricInterpretation is 0. decode-tiff hands out RGBA, so the three colours of each pixel are that sample, or the
# sample inverted.
# Instead: decode-tiff 0.2.1 takes green from the next pixel and blue from the one after it, so edges of a grey picture
# get coloured fringes, and a WhiteIsZero picture comes out as its negative. RGB pictures are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund decode-tiff@0.2.1

venv/bin/python - <<'PYTHON'
from PIL import Image

samples = [0, 16, 32, 48, 64, 80, 96, 112]
for name, photometric in (("black-is-zero.tif", 1), ("white-is-zero.tif", 0)):
    picture = Image.new("L", (4, 2))
    picture.putdata(samples)
    picture.save(name, tiffinfo={262: photometric})
    with Image.open(name) as read:
        assert read.tag_v2[262] == photometric
        pixels = list(read.convert("RGB").tobytes())[:6]
        print(f"Pillow 13.0.0 {name}, first two pixels: {pixels}")
        assert pixels == [0, 0, 0, 16, 16, 16]
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const { decode } = require('decode-tiff');
const seen = ['black-is-zero.tif', 'white-is-zero.tif'].map((name) => {
  const pixels = Array.from(decode(fs.readFileSync(name)).data).slice(0, 8);
  console.log(`decode-tiff 0.2.1 ${name}, first two pixels: ${pixels}`);
  return pixels.join();
});
process.exit(seen.join(' ') === '0,16,32,255,16,32,48,255 255,239,223,255,239,223,207,255' ? 0 : 1);
NODE
node probe.cjs
