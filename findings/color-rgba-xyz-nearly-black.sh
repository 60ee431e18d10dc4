#!/usr/bin/env bash
# Expected: in CSS Color 4 (section 10.9) color(xyz …) is another name of color(xyz-d65 …), and its white is
# 0.9505 1 1.0891.
# Instead: color-rgba 3.1.1 reads "xyz" on a scale to 100 and "xyz-d65" on one to 1: the same white is white under one
# name and nearly black, 25 of 255, under the other. culori 4.0.2 gives white for both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund color-rgba@3.1.1 culori@4.0.2

cat > probe.mjs <<'NODE'
import { converter } from 'culori';
import rgba from 'color-rgba';

const rgb = converter('rgb');
const seen = ['xyz-d65', 'xyz'].map((name) => {
  const text = `color(${name} 0.9505 1 1.0891)`;
  const { r, g, b } = rgb(text);
  const theirs = rgba(text).slice(0, 3).map(Math.round);
  const others = [r, g, b].map((value) => Math.round(255 * value));
  console.log(`${text}: color-rgba 3.1.1 ${theirs}, culori 4.0.2 ${others}`);
  return [theirs.join(), others.join()];
});
process.exit(seen.join(' ') === '255,255,255,255,255,255 25,25,25,255,255,255' ? 0 : 1);
NODE
node probe.mjs
