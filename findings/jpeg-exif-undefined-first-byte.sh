#!/usr/bin/env bash
# Expected: a value of Exif's type UNDEFINED is as many bytes as its count says (Exif 3.0, types of an IFD): UserComment is eight of its
# character code and the text, ComponentsConfiguration four.
# Instead: jpeg-exif 1.1.4 hands out the first byte as a number: any comment in ASCII is 65. exif-reader 2.0.3 hands out all
# bytes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund jpeg-exif@1.1.4 exif-reader@2.0.3

venv/bin/python - <<'PYTHON'
from pathlib import Path

from PIL import Image

exif = Image.Exif()
exif.get_ifd(0x8769).update({0x8827: 100, 0x9101: b"\1\2\3\0", 0x9286: b"ASCII\0\0\0Hello"})
Image.new("RGB", (8, 8)).save("made.jpg", exif=exif)
Path("made.exif").write_bytes(exif.tobytes())
PYTHON
cat > probe.mjs <<'NODE'
import fs from 'fs';
import exifReader from 'exif-reader';
import jpegExif from 'jpeg-exif';

const theirs = jpegExif.parseSync('made.jpg').SubExif;
const others = exifReader(fs.readFileSync('made.exif')).Photo;
const bytes = [others.ComponentsConfiguration, others.UserComment].map((value) => Buffer.from(value).toString('latin1'));
console.log('jpeg-exif 1.1.4:', JSON.stringify(theirs));
console.log('exif-reader 2.0.3:', JSON.stringify(bytes));
const right = theirs.ComponentsConfiguration === 1 && theirs.UserComment === 65 && theirs.PhotographicSensitivity === 100;
process.exit(right && bytes[0] === '\x01\x02\x03\0' && bytes[1] === 'ASCII\0\0\0Hello' ? 0 : 1);
NODE
node probe.mjs
