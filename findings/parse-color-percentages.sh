#!/usr/bin/env bash
# Expected: rgb(100%, 50%, 0%) is rgb(255, 127.5, 0), by every version of CSS; parse-color, "parse a css color string", says of
# no notation that it does not read it.
# Instead: parse-color 1.0.0 drops the percent signs: full red becomes 100 of 255, and the hexadecimal that it hands out
# with it is #643200. color-parse 2.1.2 reads it right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund parse-color@1.0.0 color-parse@2.1.2

cat > probe.mjs <<'NODE'
import parseColor from 'parse-color';
import other from 'color-parse';

const text = 'rgb(100%, 50%, 0%)';
const { rgb, hex } = parseColor(text);
const { values } = other(text);
console.log(`${text}: parse-color 1.0.0 ${rgb} ${hex}, color-parse 2.1.2 ${values}`);
process.exit(rgb.join() === '100,50,0' && hex === '#643200' && values.join() === '255,127.5,0' ? 0 : 1);
NODE
node probe.mjs
