#!/usr/bin/env bash
# Expected: the colour difference of two greys by CIE94 or CMC is their difference in lightness, weighted by CMC: 100 for
# white and black by CIE94.
# Instead: colorsea 1.2.2 takes the root of a number that rounding made negative: white and black are NaN apart by either
# formula, and so are more than a third of all pairs of greys. NaN is never below a threshold, nor above one. CIEDE2000 is
# right. culori 4.0.2 has no such pair.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund colorsea@1.2.2 culori@4.0.2

cat > probe.cjs <<'NODE'
const colorsea = require('colorsea');
const { differenceCie94, differenceCiede2000, differenceCmc } = require('culori');
const grey = (value) => '#' + value.toString(16).padStart(2, '0').repeat(3);
const formulas = { CIE2000: differenceCiede2000(), CIE1994: differenceCie94(), CMC: differenceCmc(1, 1) };
const seen = Object.entries(formulas).map(([name, difference]) => {
  let theirs = 0;
  let others = 0;
  let pairs = 0;
  for (let one = 0; one < 256; one += 5) {
    for (let two = 0; two < 256; two += 5) {
      pairs += 1;
      theirs += Number.isNaN(colorsea(grey(one)).deltaE(colorsea(grey(two)), name)) ? 1 : 0;
      others += Number.isNaN(difference(grey(one), grey(two))) ? 1 : 0;
    }
  }
  const apart = colorsea('#ffffff').deltaE(colorsea('#000000'), name);
  console.log(`${name}: white and black ${apart}; of ${pairs} pairs of greys NaN in colorsea 1.2.2 ${theirs}, in culori 4.0.2 ${others}`);
  return [Number.isNaN(apart), theirs > pairs / 3, others];
});
process.exit(seen.join(' ') === 'false,false,0 true,true,0 true,true,0' ? 0 : 1);
NODE
node probe.cjs
