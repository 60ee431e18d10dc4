#!/usr/bin/env bash
# Expected: a NumPy array is its values, wherever its strides find them: red of an RGB picture, picture[..., 0], is written as
# the channel that it is, or refused.
# Instead: the Python binding of OpenEXR 3.5.3 writes the memory from the array's beginning on as if it were contiguous: of
# such a channel the row 1 1 1 1 becomes 1 2 3 1, and a column-wise array or every second column other pixels too, without an
# error. A copy is written right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check OpenEXR==3.5.3

venv/bin/python - <<'PYTHON'
import numpy as np
import OpenEXR

picture = np.empty((2, 4, 3), np.float32)
picture[:] = 1, 2, 3
ramp = np.arange(8, dtype=np.float32).reshape(2, 4)
for name, channel in (
    ("contiguous", ramp),
    ("red of RGB", picture[..., 0]),
    ("copy of it", picture[..., 0].copy()),
    ("column-wise", np.asfortranarray(ramp)),
    ("every second", np.arange(16, dtype=np.float32).reshape(2, 8)[:, ::2]),
):
    with OpenEXR.File({"compression": OpenEXR.NO_COMPRESSION, "type": OpenEXR.scanlineimage}, {"Y": channel}) as file:
        file.write("made.exr")
    with OpenEXR.File("made.exr", separate_channels=True) as file:
        seen = file.channels()["Y"].pixels
    print(f"{name}: given {channel.astype(int).tolist()}, in the file {seen.astype(int).tolist()}")
    assert (seen == channel).all() == (name in ("contiguous", "copy of it")), name
PYTHON
