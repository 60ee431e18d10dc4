#!/usr/bin/env bash
# Expected: image-size hands out a picture's width and height. A HEIC whose sides are no multiple of its coding blocks says
# the coded size in "ispe" and the part that is shown in "clap" (ISO/IEC 14496-12, 12.1.4): width, height and two
# offsets, each a numerator and a denominator.
# Instead: image-size 2.1.0 takes the denominator of the width for pixels to cut off at the right, and cuts nothing off the
# height: a picture of 64 x 32 is 63 x 64. image-meta 0.3.0, and Pillow with pillow-heif, which wrote the file, say 64 x 32.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0 pillow-heif==1.4.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund image-size@2.1.0 image-meta@0.3.0
venv/bin/python - <<'PYTHON'
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
Image.new("RGB", (64, 32), (200, 90, 40)).save("picture.heic")
with Image.open("picture.heic") as picture:
    print(f"Pillow 13.0.0 with pillow-heif 1.4.0: {picture.size}")
    assert picture.size == (64, 32)
PYTHON

cat > probe.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import { imageMeta } from 'image-meta';
import { imageSize } from 'image-size';

const file = readFileSync('picture.heic');
const seen = [imageMeta(file), imageSize(file)].map(({ width, height }) => `${width}x${height}`);
console.log(`image-meta 0.3.0: ${seen[0]}; image-size 2.1.0: ${seen[1]}`);
process.exit(seen.join() === '64x32,63x64' ? 0 : 1);
NODE
node probe.mjs
