#!/usr/bin/env bash
# Expected: each channel of an OpenEXR file has a pixel type of its own, and a row holds one channel after the other, each in
# its own width (OpenEXR File Layout: Channel List, Scan Line Blocks): red of 32 bits beside green and blue of 16 comes back.
# Instead: parse-exr 1.0.2 reads other colours, without an error. Files whose channels are all of 16 or all of 32 bits it reads
# right. OpenEXR 3.5.3 and hdrify 1.2.1 read all three.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check OpenEXR==3.5.3
npm init -y >/dev/null
npm install --silent --no-audit --no-fund parse-exr@1.0.2 hdrify@1.2.1

venv/bin/python - <<'PYTHON'
import numpy as np
import OpenEXR

half, single = np.float16, np.float32
for name, red, others in (("half", half, half), ("float", single, single), ("both", single, half)):
    ramp = np.arange(16).reshape(2, 8)
    values = {"R": (1 + ramp).astype(red), "G": (17 + ramp).astype(others), "B": (33 + ramp).astype(others)}
    with OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, dict(values)) as file:
        file.write(f"{name}.exr")
    with OpenEXR.File(f"{name}.exr", separate_channels=True) as file:
        assert all((file.channels()[channel].pixels == values[channel]).all() for channel in values)
PYTHON
cat > probe.mjs <<'NODE'
import fs from 'fs';
import { readExr } from 'hdrify';
import parseExr from 'parse-exr';

const FLOAT = 1015;
const wrong = (data, isUpsideDown) => {
  let count = 0;
  for (let pixel = 0; pixel < 16; pixel++) {
    const at = isUpsideDown ? pixel ^ 8 : pixel;
    count += [1, 17, 33].some((value, channel) => data[4 * at + channel] !== value + pixel);
  }
  return count;
};
for (const name of ['half', 'float', 'both']) {
  const file = new Uint8Array(fs.readFileSync(`${name}.exr`));
  const theirs = [wrong(parseExr(file.slice().buffer, FLOAT).data, true), wrong(readExr(file).data, false)];
  console.log(`${name}: of 16 pixels parse-exr 1.0.2 reads ${theirs[0]} wrong, hdrify 1.2.1 ${theirs[1]}`);
  if (theirs[1] > 0 || (name === 'both' ? theirs[0] < 8 : theirs[0] > 0)) process.exitCode = 1;
}
NODE
node probe.mjs
