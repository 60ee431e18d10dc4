#!/usr/bin/env bash
# Expected: an OpenEXR file's data window says which pixels it holds; its rows are numbered from the window's own top
# (Technical Introduction to OpenEXR, Overscan and Data Window).
# Instead: hdrify 1.2.1 makes a picture of the data window's size and puts the rows where their numbers say, counted from 0: a
# window that begins at row 3 has three black rows on top, and the last three are lost, without an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check OpenEXR==3.5.3
npm init -y >/dev/null
npm install --silent --no-audit --no-fund hdrify@1.2.1

venv/bin/python - <<'PYTHON'
import numpy as np
import OpenEXR

rows = np.repeat(np.arange(1, 9, dtype=np.float16)[:, None], 4, axis=1)
corner = lambda x, y: np.array([x, y], np.int32)
for top in (0, 3):
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "dataWindow": (corner(0, top), corner(3, top + 7)),
        "displayWindow": (corner(0, 0), corner(3, 15)),
    }
    with OpenEXR.File(header, {"R": rows, "G": rows, "B": rows}) as file:
        file.write(f"{top}.exr")
    with OpenEXR.File(f"{top}.exr", separate_channels=True) as file:
        seen = file.channels()["R"].pixels
        print(f"window from row {top}: OpenEXR 3.5.3", seen[:, 0].astype(int).tolist())
        assert (seen == rows).all()
PYTHON
cat > probe.mjs <<'NODE'
import fs from 'fs';
import { readExr } from 'hdrify';

for (const [top, right] of [[0, '1,2,3,4,5,6,7,8'], [3, '0,0,0,1,2,3,4,5']]) {
  const { width, height, data } = readExr(new Uint8Array(fs.readFileSync(`${top}.exr`)));
  const seen = String(Array.from({ length: height }, (_, row) => data[4 * width * row]));
  console.log(`window from row ${top}: hdrify 1.2.1 [${seen}]`);
  if (width !== 4 || height !== 8 || seen !== right) process.exitCode = 1;
}
NODE
node probe.mjs
