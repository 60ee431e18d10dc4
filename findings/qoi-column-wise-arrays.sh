#!/usr/bin/env bash
# Expected: a NumPy array is its values, wherever its strides find them; qoi asks for arrays that are C-contiguous, and refuses
# others with a ValueError that says so.
# Instead: qoi 0.8.0 takes an array in Fortran's order and writes its memory as if it were in C's: another picture, without an
# error. Every second column and mirrored arrays it refuses. imagecodecs 2026.3.6 writes the same array right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check qoi==0.8.0 imagecodecs==2026.3.6

venv/bin/python - <<'PYTHON'
import imagecodecs
import numpy as np
import qoi

picture = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)
given = np.asfortranarray(picture)
assert (given == picture).all()
assert (qoi.decode(qoi.encode(picture)) == picture).all()
assert (imagecodecs.qoi_decode(imagecodecs.qoi_encode(given)) == picture).all()
for name, refused in (("every second column", picture[:, ::2]), ("mirrored", picture[:, ::-1])):
    try:
        qoi.encode(refused)
    except ValueError as error:
        print(f"{name}: qoi 0.8.0 says {error}")
    else:
        raise SystemExit(f"{name}: taken")
seen = qoi.decode(qoi.encode(given))
print(f"Fortran's order: given {given[0].tolist()}, in the file {seen[0].tolist()}")
assert (seen == np.frombuffer(given.tobytes("F"), np.uint8).reshape(picture.shape)).all() and not (seen == picture).all()
PYTHON
