#!/usr/bin/env bash
# Expected: each row of an icon's bitmaps, of its mask too, is filled up to a multiple of four bytes (Windows' documentation of
# BITMAPINFOHEADER): the mask of 16 x 16 pixels has 64 bytes, that of 48 x 48 has 384.
# Instead: Pillow 13.0.0, saving an ICO of bitmaps without alpha (bitmap_format="bmp"), leaves the rows of the mask at 2 and 6 bytes: the
# files end too early, by 32 and 96 bytes. decode-ico 0.4.1 calls them truncated, and reads them once the mask is as long as it
# should be. 32 x 32 is right, since its rows need no filling.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund decode-ico@0.4.1
venv/bin/python - <<'PYTHON'
import struct

from PIL import Image

missing = {}
for side in (16, 32, 48):
    Image.new("RGB", (side, side), (200, 90, 40)).save(f"{side}.ico", sizes=[(side, side)], bitmap_format="bmp")
    with open(f"{side}.ico", "rb") as file:
        content = bytearray(file.read())
    expected = 40 + side * side * 3 + (side + 31) // 32 * 4 * side
    missing[side] = expected - struct.unpack_from("<I", content, 14)[0]
    struct.pack_into("<I", content, 14, expected)
    with open(f"{side}-filled.ico", "wb") as file:
        file.write(content + bytes(missing[side]))
print(f"bytes missing in icons of Pillow 13.0.0: {missing}")
assert missing == {16: 32, 32: 0, 48: 96}
PYTHON

cat > probe.cjs <<'NODE'
const { readFileSync } = require('node:fs');
const decodeIco = require('decode-ico');
const seen = ['16', '16-filled', '32', '48', '48-filled'].map((name) => {
  try {
    return [...decodeIco(readFileSync(`${name}.ico`))[0].data.slice(0, 4)].join();
  } catch (error) {
    return error.message;
  }
});
console.log(`decode-ico 0.4.1, 16, 16 filled, 32, 48, 48 filled: ${seen.join('; ')}`);
const [colour, truncated] = ['200,90,40,255', 'Truncated bitmap data'];
process.exit(seen.join() === [truncated, colour, colour, truncated, colour].join() ? 0 : 1);
NODE
node probe.cjs
