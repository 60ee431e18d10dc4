#!/usr/bin/env bash
# Expected: SRLAB2 is defined by its author's code (magnetkern.de/srlab2.html, which color-space names): a matrix of
# linear sRGB whose rows add up to 1, a cube root, and a matrix to L, a and b. Red has the hue 41 degrees, as in CIELAB.
# Instead: color-space 3.1.0, whose formulas are said to be verified, applies the matrix of linear sRGB to XYZ divided by the
# white. White and black come out right, since the rows add up to 1, and so does the way back; no colour does. The hue
# of red is 88 degrees, a yellow's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund color-space@3.1.0

cat > probe.mjs <<'NODE'
import space from 'color-space';

const times = (rows, vector) => rows.map((row) => row.reduce((sum, factor, i) => sum + factor * vector[i], 0));
const toResponse = [[0.32053, 0.63692, 0.04256], [0.161987, 0.756636, 0.081376], [0.017228, 0.10866, 0.874112]];
const toLab = [[37.095, 62.9054, -0.0008], [663.4684, -750.5078, 87.0328], [63.9569, 108.4576, -172.4152]];
const root = (value) => (value <= 216 / 24389 ? (value * 24389) / 2700 : 1.16 * Math.cbrt(value) - 0.16);
const hue = ([, a, b]) => (Math.round((Math.atan2(b, a) * 180) / Math.PI) + 360) % 360;
const colours = { red: [255, 0, 0], green: [0, 255, 0], blue: [0, 0, 255] };
const off = Object.entries(colours).map(([name, rgb]) => {
  const defined = hue(times(toLab, times(toResponse, rgb.map((value) => value / 255)).map(root)));
  const cielab = hue(space.rgb.lab(...rgb));
  const theirs = hue(space.rgb.srlab2(...rgb));
  console.log(`hue of ${name}: by definition ${defined}, CIELAB ${cielab}, color-space 3.1.0 ${theirs}`);
  return Math.abs(theirs - defined);
});
process.exit(Math.max(...off) > 30 ? 0 : 1);
NODE
node probe.mjs
