#!/usr/bin/env bash
# Expected: the alpha of "#00000044" is 0x44/255, 0.267, and written as hexadecimal again it is the same colour.
# Instead: css-color-converter 2.0.0 rounds it to one significant digit when it reads: 0.3, written as "#0000004c". Of the
# 256 values 21 survive; from 0xf3 on all are opaque. Alpha in rgba() keeps its digits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund css-color-converter@2.0.0

cat > probe.cjs <<'NODE'
const { fromString } = require('css-color-converter');
const again = Array.from({ length: 256 }, (_, alpha) => {
  const text = '#123456' + alpha.toString(16).padStart(2, '0');
  return [text, fromString(text).toRgbaArray()[3], fromString(text).toHexString()];
});
const [text, alpha, written] = again[0x44];
const kept = again.filter((entry) => entry[0] === entry[2] || (entry[0] === '#123456ff' && entry[2] === '#123456')).length;
const opaque = again.findIndex((entry) => entry[1] === 1);
console.log(`css-color-converter 2.0.0: ${text} has the alpha ${alpha} and is ${written} when written; ${kept} of 256 come back as they were`);
console.log(`opaque from ${opaque.toString(16)} on; rgba(0, 0, 0, 0.267): ${fromString('rgba(0, 0, 0, 0.267)').toRgbaArray()}`);
process.exit(written === '#1234564c' && kept === 21 && opaque === 0xf3 ? 0 : 1);
NODE
node probe.cjs
