#!/usr/bin/env bash
# Expected: a hue may have a unit since CSS Color 4 (section 4.4): hsl(0.5turn …), hsl(200grad …) and hsl(3.14159rad …) are
# hsl(180 …), cyan. A parser of CSS Color 3 knows no units and hands out null, as csscolorparser does with
# "hsl(180 100% 50%)".
# Instead: csscolorparser 1.0.3 reads the number and drops what follows: half a turn and pi radians are red, 200 gradians
# blue, without an error. csscolorparser is what turns the styles of many maps into colours.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund csscolorparser@1.0.3 culori@4.0.2

cat > probe.cjs <<'NODE'
const { parseCSSColor } = require('csscolorparser');
const { rgb } = require('culori');
const seen = ['180', '0.5turn', '200grad', '3.14159rad'].map((hue) => {
  const text = `hsl(${hue}, 100%, 50%)`;
  const { r, g, b } = rgb(text);
  const theirs = parseCSSColor(text).slice(0, 3).join();
  const others = [r, g, b].map((value) => Math.round(255 * value)).join();
  console.log(`${text}: csscolorparser 1.0.3 ${theirs}, culori 4.0.2 ${others}`);
  return [theirs, others === '0,255,255'].join();
});
process.exit(seen.join(' ') === '0,255,255,true 255,2,0,true 0,170,255,true 255,13,0,true' ? 0 : 1);
NODE
node probe.cjs
