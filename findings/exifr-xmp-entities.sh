#!/usr/bin/env bash
# Expected: an XMP packet is XML (ISO 16684-1, 7), in which an ampersand or a less-than sign stands as an entity, so that
# the creator "Ann & Co" is written "Ann &amp; Co" and read back as "Ann & Co".
# Instead: exifr 7.1.3 hands the text out as it is coded, in elements as in attributes: the creator is "Ann &amp; Co",
# the title "1 &lt; 2". ExifReader 4.46.0 reads the same bytes right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund exifr@7.1.3 exifreader@4.46.0 @xmldom/xmldom@0.9.8

cat > probe.cjs <<'NODE'
const exifr = require('exifr');
const { DOMParser } = require('@xmldom/xmldom');
const ExifReader = require('exifreader');

const packet = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
  + '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
  + 'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Headline="1 &lt; 2">'
  + '<dc:creator><rdf:Seq><rdf:li>Ann &amp; Co</rdf:li></rdf:Seq></dc:creator>'
  + '</rdf:Description></rdf:RDF></x:xmpmeta>';
const content = Buffer.from('http://ns.adobe.com/xap/1.0/\0' + packet);
const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, (content.length + 2) >> 8, (content.length + 2) & 255]);
// A frame of 1 × 1 pixel behind it, as far as readers of metadata look.
const frame = Buffer.from('ffc0000b080001000101011100ffda0008010100003f00ffd9', 'hex');
const file = Buffer.concat([head, content, frame]);

(async () => {
  const ours = await exifr.parse(file, { xmp: true, mergeOutput: true });
  const creator = String(ours.creator);
  const headline = String(ours.Headline);
  const other = ExifReader.load(file, { expanded: true, domParser: new DOMParser() }).xmp;
  console.log(`exifr 7.1.3: creator ${creator}, headline ${headline}`);
  console.log(`exifreader 4.46.0: creator ${other.creator.description}, headline ${other.Headline.description}`);
  const right = other.creator.description === 'Ann & Co' && other.Headline.description === '1 < 2';
  process.exit(right && creator === 'Ann &amp; Co' && headline === '1 &lt; 2' ? 0 : 1);
})();
NODE
node probe.cjs
