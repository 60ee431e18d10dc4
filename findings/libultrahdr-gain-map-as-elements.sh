#!/usr/bin/env bash
# Expected: Adobe's Gain Map 1.0 says that GainMapMin, GainMapMax, Gamma, OffsetSDR and OffsetHDR are a real number or an
# ordered array of three, and XMP (part 1, 7) that a property may be an attribute or an element: Camera Raw writes
# rdf:Seq of three. A file whose GainMapMax is an element of the same value is the same Ultra HDR picture.
# Instead: libultrahdr 1.4.0 in imagecodecs 2026.3.6 reads attributes alone, and refuses the file with the words that it
# could not find the attribute hdrgm:Version, which is there in both pictures.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check imagecodecs==2026.3.6 pillow==13.0.0

venv/bin/python - <<'PYTHON'
import io
import struct

import imagecodecs
from PIL import Image

XMP = b"http://ns.adobe.com/xap/1.0/\0"
SPACES = (
    'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
)
OTHERS = 'hdrgm:Version="1.0" hdrgm:HDRCapacityMin="0" hdrgm:HDRCapacityMax="2"'
THREE = "<rdf:li>2</rdf:li>" * 3
MAPS = {
    "attribute": (f'{OTHERS} hdrgm:GainMapMax="2"', ""),
    "element": (OTHERS, "<hdrgm:GainMapMax>2</hdrgm:GainMapMax>"),
    "array of three": (OTHERS, f"<hdrgm:GainMapMax><rdf:Seq>{THREE}</rdf:Seq></hdrgm:GainMapMax>"),
}


def segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def packet(attributes, inside):
    return XMP + (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {SPACES} {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def jpeg(mode, value):
    file = io.BytesIO()
    Image.new(mode, (96, 64), value).save(file, "JPEG", quality=95)
    return file.getvalue()


def ultra_hdr(attributes, inside):
    """Base, index (CIPA DC-007) and map, as Android's Ultra HDR image format 1.1 lays them out."""
    second = jpeg("L", 200)
    second = second[:2] + segment(0xE1, packet(attributes, inside)) + second[2:]
    items = (
        '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/></rdf:li>'
        '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" '
        f'Item:Length="{len(second)}"/></rdf:li>'
    )
    listed = f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>"
    first, told = jpeg("RGB", (120, 120, 120)), segment(0xE1, packet('hdrgm:Version="1.0"', listed))
    length, place = len(first) + len(told) + 90, 2 + len(told) + 8
    index = b"MPF\0MM\0*" + struct.pack(">IH", 8, 3) + struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    index += struct.pack(">HHII", 0xB001, 4, 1, 2) + struct.pack(">HHIII", 0xB002, 7, 32, 50, 0)
    index += struct.pack(">8I", 0x30000, length, 0, 0, 0, len(second), length - place, 0)
    return first[:2] + told + segment(0xE2, index) + first[2:] + second


seen = {}
for name, (attributes, inside) in MAPS.items():
    try:
        seen[name] = f"read, brightest {imagecodecs.ultrahdr_decode(ultra_hdr(attributes, inside))[:, :, :3].max():.3f}"
    except Exception as error:
        seen[name] = f"refused: {error}"
    print(f"imagecodecs 2026.3.6, GainMapMax as {name}: {seen[name]}")
assert seen["attribute"].startswith("read")
assert "could not find attribute hdrgm:Version" in seen["element"]
assert "could not find attribute hdrgm:Version" in seen["array of three"]
PYTHON
