#!/usr/bin/env bash
# Expected: the tags of a file come out by their names, and one that the table of names lacks comes out by its number, or
# not at all. EXIF 2.31 added OffsetTime, OffsetTimeOriginal and OffsetTimeDigitized (0x9010 to 0x9012), which every
# phone writes.
# Instead: exif-parser 0.1.12 puts each tag that it has no name for under the key "undefined", so that one is left of the
# three, and nobody can tell which. exif-reader 2.0.3 tells all three apart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund exif-parser@0.1.12 exif-reader@2.0.3

cat > probe.mjs <<'NODE'
import parser from 'exif-parser';
import reader from 'exif-reader';

const offsets = { OffsetTime: '+01:00\0', OffsetTimeOriginal: '+02:00\0', OffsetTimeDigitized: '+03:00\0' };
const texts = Object.values(offsets);
const tiff = Buffer.alloc(8 + 18 + 2 + 12 * texts.length + 4 + 8 * texts.length);
tiff.write('MM\0*\0\0\0\x08', 'latin1');
tiff.writeUInt16BE(1, 8); // one entry: the pointer to EXIF's own directory
tiff.writeUInt16BE(0x8769, 10);
tiff.writeUInt16BE(4, 12);
tiff.writeUInt32BE(1, 14);
tiff.writeUInt32BE(26, 18);
tiff.writeUInt16BE(texts.length, 26);
texts.forEach((text, number) => {
  const entry = 28 + 12 * number;
  const place = 28 + 12 * texts.length + 4 + 8 * number;
  tiff.writeUInt16BE(0x9010 + number, entry);
  tiff.writeUInt16BE(2, entry + 2);
  tiff.writeUInt32BE(text.length, entry + 4);
  tiff.writeUInt32BE(place, entry + 8);
  tiff.write(text, place, 'latin1');
});
const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, content.length + 2]);
const file = Buffer.concat([head, content, Buffer.from('ffc0000b080001000101011100ffda0008010100003f00ffd9', 'hex')]);

const theirs = parser.create(file).parse().tags;
const others = reader(content).Photo;
console.log('exif-parser 0.1.12:', JSON.stringify(theirs));
console.log('exif-reader 2.0.3:', JSON.stringify(others));
const told = Object.keys(offsets).every((name) => String(others[name]).startsWith(offsets[name].slice(0, 6)));
process.exit(told && Object.keys(theirs).join() === 'undefined' ? 0 : 1);
NODE
node probe.mjs
