#!/usr/bin/env bash
# Expected: IPTC-IIM is a row of datasets, each with its record, number and length; the last one ends where the data end, and
# any may stand first (IIM 4.2).
# Instead: iptc-reader 1.0.1 raises "Invalid IPTC directory" where the last dataset is longer than what follows it, which is
# nothing; with zeros put behind it works. The first dataset is never read. iptcinfo3 2.3.0 reads all of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check iptcinfo3==2.3.0 pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund iptc-reader@1.0.1

cat > probe.cjs <<'NODE'
const fs = require('fs');
const read = require('iptc-reader');

const dataset = (number, text) => Buffer.concat([Buffer.from([0x1c, 2, number, 0, text.length]), Buffer.from(text)]);
const data = Buffer.concat([dataset(105, 'Headline'), dataset(25, 'one'), dataset(25, 'two'), dataset(120, 'A caption')]);
fs.writeFileSync('data.iptc', data);
let seen;
try {
  seen = JSON.stringify(read(data));
} catch (error) {
  seen = String(error);
}
const padded = JSON.stringify(read(Buffer.concat([data, Buffer.alloc(16)])));
console.log(`iptc-reader 1.0.1: ${seen}; with 16 zeros behind: ${padded}`);
process.exit(seen === 'Error: Invalid IPTC directory' && padded === '{"keywords":["one","two"],"caption":"A caption"}' ? 0 : 1);
NODE
node probe.cjs
venv/bin/python - <<'PYTHON'
import io
from pathlib import Path

from iptcinfo3 import IPTCInfo
from PIL import Image

data, file = Path("data.iptc").read_bytes(), io.BytesIO()
Image.new("RGB", (8, 8)).save(file, "JPEG")
resource = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(data).to_bytes(4, "big") + data + b"\0" * (len(data) % 2)
jpeg = file.getvalue()
Path("data.jpg").write_bytes(jpeg[:2] + b"\xff\xed" + (len(resource) + 2).to_bytes(2, "big") + resource + jpeg[2:])
info = IPTCInfo("data.jpg")
seen = [info["headline"], info["keywords"], info["caption/abstract"]]
print("iptcinfo3 2.3.0:", seen)
assert seen == [b"Headline", [b"one", b"two"], b"A caption"]
PYTHON
