#!/usr/bin/env bash
# Expected: a quarter turn moves every pixel and loses none: a picture of 4 x 2 becomes one of 2 x 4 with the same eight
# pixels.
# Instead: photon 0.3.4 (WebAssembly, @silvia-odwyer/photon-node) turns it and then shears it by an angle of 0 three
# times, and every shear drops rows or columns and draws see-through ones: three of the eight are left. Of 8 x 4 half is
# lost.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @silvia-odwyer/photon-node@0.3.4

cat > probe.cjs <<'NODE'
const { PhotonImage, rotate } = require('@silvia-odwyer/photon-node');

// the red of pixel number i is i, counted from 1; see-through ones are a point
const rows = (width, height, angle) => {
  const pixels = new Uint8Array(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) pixels.set([i + 1, 0, 0], 4 * i);
  const turned = rotate(new PhotonImage(pixels, width, height), angle);
  const [wide, raw] = [turned.get_width(), turned.get_raw_pixels()];
  return Array.from({ length: turned.get_height() }, (_, y) => Array.from({ length: wide }, (_, x) => {
    const at = 4 * (y * wide + x);
    return raw[at + 3] ? raw[at] : '.';
  }).join(' '));
};
const right = { 90: ['5 1', '6 2', '7 3', '8 4'], 180: ['8 7 6 5', '4 3 2 1'], 270: ['4 8', '3 7', '2 6', '1 5'] };
const wrong = { 90: ['5 .', '7 .', '8 .', '. .'], 180: ['8 5 . .', '. . . .'], 270: ['4 .', '2 .', '1 .', '. .'] };
let same = true;
for (const angle of [90, 180, 270]) {
  const seen = rows(4, 2, angle);
  console.log(`4 x 2 by ${angle} degrees: photon 0.3.4 ${seen.join(' | ')}, rightly ${right[angle].join(' | ')}`);
  same &&= seen.join() === wrong[angle].join();
}
same &&= rows(8, 4, 90).join(' ').split(' ').filter((pixel) => pixel !== '.').length < 17;
process.exit(same ? 0 : 1);
NODE
node probe.cjs
