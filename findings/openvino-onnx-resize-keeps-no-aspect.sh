#!/usr/bin/env bash
# Expected: ONNX' Resize with keep_aspect_ratio_policy not_larger fits 640 x 480 into 320 x 320 as 320 x 240,
# not_smaller as 427 x 320 (ONNX operators, Resize, since version 18); what a reader cannot do, it refuses.
# Instead: openvino 2026.4.1 reads such a model without a word and stretches to 320 x 320 for every policy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0

venv/bin/python - <<'PYTHON'
import sys

sys.modules["openvino_telemetry"] = None  # nothing is sent
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

picture = np.zeros((1, 3, 480, 640), np.float32)
core = openvino.Core()
right = {"stretch": (320, 320), "not_larger": (240, 320), "not_smaller": (320, 427)}
for policy, shape in right.items():
    node = helper.make_node(
        "Resize", ["x", "", "", "sizes"], ["y"], mode="linear", axes=[2, 3], keep_aspect_ratio_policy=policy
    )
    graph = helper.make_graph(
        [node],
        "fit",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, picture.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.int64([320, 320]), "sizes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
    seen = core.compile_model(core.read_model(model, b""), "CPU")([picture])[0].shape[2:]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    other = session.run(None, {"x": picture})[0].shape[2:]
    print(f"640 x 480 into 320 x 320, {policy}, height and width: openvino 2026.4.1 {seen}, onnxruntime 1.32.0 {other}")
    assert other == shape and seen == (320, 320)
PYTHON
