#!/usr/bin/env bash
# Expected: a BMP with the header of 12 bytes (BITMAPCOREHEADER in Windows' documentation, also OS/2's) has its width and height
# in 16 bits each, at the bytes 18 and 20.
# Instead: image-size 2.1.0, buffer-image-size 0.6.4 and, in Python, imagesize 2.0.1 read 32 bits whatever the header says, and
# take height, planes and depth for parts of the size: 64 x 32 is 2097216 x 1572865. Pillow and image-meta 0.3.0 read it
# right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0 imagesize==2.0.1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund image-size@2.1.0 buffer-image-size@0.6.4 image-meta@0.3.0
venv/bin/python - <<'PYTHON'
import struct

import imagesize
from PIL import Image

header = struct.pack("<2sIHHI", b"BM", 26 + 64 * 32 * 3, 0, 0, 26) + struct.pack("<IHHHH", 12, 64, 32, 1, 24)
with open("picture.bmp", "wb") as file:
    file.write(header + bytes(64 * 32 * 3))
with Image.open("picture.bmp") as picture:
    picture.load()
    size, theirs = picture.size, imagesize.get("picture.bmp")
print(f"Pillow 13.0.0: {size}, imagesize 2.0.1: {theirs}")
assert size == (64, 32)
assert theirs == (2097216, 1572865)
PYTHON

cat > probe.mjs <<'NODE'
import { readFileSync } from 'node:fs';
import bufferImageSize from 'buffer-image-size';
import { imageMeta } from 'image-meta';
import { imageSize } from 'image-size';

const file = readFileSync('picture.bmp');
const seen = [imageMeta, imageSize, bufferImageSize].map((read) => {
  const { width, height } = read(file);
  return `${width}x${height}`;
});
console.log(`image-meta 0.3.0: ${seen[0]}, image-size 2.1.0: ${seen[1]}, buffer-image-size 0.6.4: ${seen[2]}`);
process.exit(seen.join() === '64x32,2097216x1572865,2097216x1572865' ? 0 : 1);
NODE
node probe.mjs
