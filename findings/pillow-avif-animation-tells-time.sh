#!/usr/bin/env bash
# Expected: the same picture saved twice with the same options makes the same bytes, as for Pillow's GIF, WebP, PNG and
# still AVIF, so that caches and build systems can compare them.
# Instead: an animated AVIF of Pillow 13.0.0 (libavif 1.4) holds the time at which it was saved, in the movie, track and
# media headers (ISO/IEC 14496-12, creation_time), and no option leaves it out: a second later the bytes differ.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0

venv/bin/python - <<'PYTHON'
import io
import time

from PIL import Image, __version__

frames = [Image.new("RGB", (64, 64), (80 * number, 20, 90)) for number in range(3)]


def saved(name, count):
    file = io.BytesIO()
    frames[0].save(file, name, save_all=count > 1, append_images=frames[1:count], duration=100)
    return file.getvalue()


kinds = [("GIF", 3), ("WEBP", 3), ("PNG", 3), ("AVIF", 1), ("AVIF", 3)]
before = [saved(*kind) for kind in kinds]
time.sleep(1.2)
same = {kind: saved(*kind) == file for kind, file in zip(kinds, before)}
for (name, count), alike in same.items():
    print(f"Pillow {__version__}: {name} of {count} frames, saved again a second later: {'the same' if alike else 'other'} bytes")
first, again = before[-1], saved("AVIF", 3)
places = [place for place, (one, other) in enumerate(zip(first, again)) if one != other]
named = {name for name in (b"mvhd", b"tkhd", b"mdhd") if any(0 < p - first.index(name) < 24 for p in places)}
print(f"what differs is in {sorted(named)}")
assert same == {("GIF", 3): True, ("WEBP", 3): True, ("PNG", 3): True, ("AVIF", 1): True, ("AVIF", 3): False}
assert named == {b"mvhd", b"tkhd", b"mdhd"}
PYTHON
