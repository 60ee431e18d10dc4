#!/usr/bin/env bash
# Expected: error diffusion by Floyd and Steinberg handles every channel alike, so a neutral grey picture, whose three
# channels are equal, stays neutral with the palette of the eight corners of the RGB cube. ditherjs offers "step" to
# draw blocks of several pixels.
# Instead: with a step above 1 ditherjs 0.10.0 diffuses red to other neighbours than green and blue: two fifths of a
# flat grey turn red and cyan. With step 1, and with its Atkinson algorithm at either step, all stays neutral.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional --omit=peer ditherjs@0.10.0

cat > probe.cjs <<'NODE'
const Dither = require('ditherjs/server');
const palette = [...Array(8).keys()].map((i) => [255 * (i & 1), 255 * ((i >> 1) & 1), 255 * (i >> 2)]);
const coloured = (algorithm, step) => {
  const image = { width: 64, height: 64, data: new Uint8ClampedArray(64 * 64 * 4).fill(100) };
  new Dither({ algorithm, step, palette }).ditherImageData(image);
  let count = 0;
  for (let i = 0; i < image.data.length; i += 4) {
    count += image.data[i] !== image.data[i + 1] || image.data[i] !== image.data[i + 2] ? 1 : 0;
  }
  return count / (64 * 64);
};
const seen = [['diffusion', 1], ['atkinson', 2], ['diffusion', 2]].map(([algorithm, step]) => {
  const share = coloured(algorithm, step);
  console.log(`ditherjs 0.10.0, flat grey, ${algorithm}, step ${step}: ${(100 * share).toFixed(1)} % of the pixels coloured`);
  return share;
});
process.exit(seen[0] === 0 && seen[1] === 0 && seen[2] > 0.4 ? 0 : 1);
NODE
node probe.cjs
