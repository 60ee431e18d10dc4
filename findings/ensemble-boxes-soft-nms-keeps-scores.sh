#!/usr/bin/env bash
# Expected: Soft-NMS lowers the score of a box by its overlap with a better one (Bodla et al., 2017): by the
# linear rule a box of overlap 0.5 keeps half of its own.
# Instead: ensemble-boxes 1.0.9 ranks and drops by the lowered scores, and hands out those that were put in: by both rules the
# box of overlap 0.5 still has its 0.8, behind one of 0.7.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check ensemble-boxes==1.0.9

venv/bin/python - <<'PYTHON'
from ensemble_boxes import soft_nms

boxes = [[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.5, 0.25], [0.6, 0.6, 0.9, 0.9]]
for method, name in ((1, "linear"), (2, "Gaussian")):
    kept, scores, _ = soft_nms([boxes], [[0.9, 0.8, 0.7]], [[0, 0, 0]], method=method, iou_thr=0.3, sigma=0.5, thresh=0.001)
    seen = [round(float(score), 6) for score in scores]
    print(f"{name}: ensemble-boxes 1.0.9 has scores {seen}, boxes from {[round(float(box[0]), 3) for box in kept]}")
    assert seen == [0.9, 0.7, 0.8] and round(float(kept[1][0]), 3) == 0.6
    none, _, _ = soft_nms([boxes], [[0.9, 0.8, 0.7]], [[0, 0, 0]], method=method, iou_thr=0.3, sigma=0.5, thresh=0.65)
    assert len(none) == 2  # the lowered score is what is compared with the threshold
PYTHON
