#!/usr/bin/env bash
# Expected: in a greyscale PNG tRNS names the one transparent sample, on the scale of the file's bit depth (PNG
# specification, third edition, tRNS): 5 of 0 to 15 in a picture of 4 bits.
# Instead: Pillow 13.0.0 widens the samples of 2 and 4 bits to 8 and compares them with the number as it is: 5 has become
# 85 by then. convert("RGBA") makes nothing transparent, or, where a sample happens to be that number, something else.
# 1 and 8 bits come out right, and pngjs 7.0.0 reads all four right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pngjs@7.0.0

venv/bin/python - <<'PYTHON'
import struct
import zlib
from pathlib import Path

from PIL import Image


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


seen = {}
for depth, row, key in ((1, 0b01010101, 1), (2, 0b00011011, 2), (4, 0x5A, 5), (8, 77, 77)):
    width = 8 // depth
    parts = [chunk(b"IHDR", struct.pack(">II5B", width, 1, depth, 0, 0, 0, 0)), chunk(b"tRNS", struct.pack(">H", key))]
    parts += [chunk(b"IDAT", zlib.compress(bytes([0, row]))), chunk(b"IEND", b"")]
    name = f"{depth}.png"
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    samples = [row >> (8 - depth * (x + 1)) & ((1 << depth) - 1) for x in range(width)]
    right = [0 if sample == key else 255 for sample in samples]
    with Image.open(name) as picture:
        alpha = list(picture.convert("RGBA").getchannel("A").tobytes())
    seen[depth] = alpha == right
    print(f"{depth} bits, samples {samples}, transparent {key}: Pillow 13.0.0 alpha {alpha}, rightly {right}")
    Path(f"{depth}.txt").write_text(",".join(map(str, right)))
assert seen == {1: True, 2: False, 4: False, 8: True}
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const { PNG } = require('pngjs');
const right = [1, 2, 4, 8].map((depth) => {
  const { data } = PNG.sync.read(fs.readFileSync(`${depth}.png`));
  return Array.from(data).filter((_, i) => i % 4 === 3).join() === fs.readFileSync(`${depth}.txt`, 'utf8');
});
console.log(`pngjs 7.0.0 right at 1, 2, 4, 8 bits: ${right}`);
process.exit(right.every(Boolean) ? 0 : 1);
NODE
node probe.cjs
