#!/usr/bin/env bash
# Expected: the frames of an APNG are stored like the still picture, interlaced if IHDR says so (PNG specification, third
# edition, fdAT: the data of each frame is what IDAT would hold), and Pillow reads APNG, and interlaced PNG.
# Instead: Pillow 13.0.0 reads the first frame of an interlaced APNG and raises a TypeError ("function takes at most 3
# arguments") on every further one. upng-js 2.1.0 reads both frames of the same bytes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund upng-js@2.1.0

venv/bin/python - <<'PYTHON'
import struct
import zlib
from pathlib import Path

from PIL import Image

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
PASSES = (((0, 0, 1, 1),), ADAM7)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def packed(colour, interlace):
    passes = PASSES[interlace]
    rows = [b"\0" + bytes(colour) * len(range(x, 8, dx)) for x, y, dx, dy in passes for _ in range(y, 8, dy)]
    return zlib.compress(b"".join(rows))


def control(number):
    return chunk(b"fcTL", struct.pack(">5I2H2B", number, 8, 8, 0, 0, 1, 10, 0, 0))


for interlace in (0, 1):
    parts = [chunk(b"IHDR", struct.pack(">II5B", 8, 8, 8, 2, 0, 0, interlace)), chunk(b"acTL", struct.pack(">II", 2, 0))]
    parts += [control(0), chunk(b"IDAT", packed((200, 30, 30), interlace))]
    parts += [control(1), chunk(b"fdAT", struct.pack(">I", 2) + packed((30, 30, 200), interlace))]
    parts += [chunk(b"IEND", b"")]
    name = f"interlace{interlace}.png"
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    seen = []
    with Image.open(name) as picture:
        for frame in range(2):
            try:
                picture.seek(frame)
                seen.append(picture.convert("RGB").getpixel((5, 5)))
            except TypeError as error:
                seen.append(f"TypeError: {error}")
    print(f"Pillow 13.0.0, interlace {interlace}: {seen}")
    assert seen[0] == (200, 30, 30)
    assert (seen[1] == (30, 30, 200)) == (not interlace)
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const UPNG = require('upng-js');
const bytes = fs.readFileSync('interlace1.png');
const frames = UPNG.toRGBA8(UPNG.decode(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
const seen = frames.map((frame) => Array.from(new Uint8Array(frame).slice(0, 3)).join());
console.log(`upng-js 2.1.0, interlace 1: ${seen.join('; ')}`);
process.exit(seen.join(';') === '200,30,30;30,30,200' ? 0 : 1);
NODE
node probe.cjs
