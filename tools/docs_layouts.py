"""A table for each layout that people bring: pasted as they are into docs/models.md, and read by the tests."""

from typing import NamedTuple

TRAINED = "tests/core/models/trained"


class Layout(NamedTuple):
    """Whose networks it is about, their table without what every table has, and what was seen with it.

    `proof` says where: a picture of the repository, or tensors that were made. `seen` is what the detector that ships
    finds there, exported in this layout (tools/layouts/exports.py).
    """

    decoder: str
    title: str
    table: str
    proof: str
    seen: tuple[str, ...] = ()


_MADE = (
    "Proved on tensors as published, against the authors' post-processing written again; their weights were not here."
)
_RUN = (
    "As pasted (but for `labels` and `task`) it was run with the detector that ships, exported in this layout by "
    "`tools/layouts/exports.py`; in `docs/img/shapes.png`, made square by grey below, it sees {seen}."
)
_EIGHT = (
    "circle 0.96", "heart 0.96", "square 0.96", "cross 0.97", "triangle 0.89", "arrow 0.88", "crescent 0.96",
    "star 0.94",
)  # fmt: skip
_WIDER = (*_EIGHT[:4], "triangle 0.90", "arrow 0.89", *_EIGHT[6:])


LAYOUTS = (
    Layout(
        "nanodet_plus", "NanoDet-Plus, 416 (`nanodet-plus-m_416.onnx`)",
        """task = "detect"
decoder = "nanodet_plus"
labels = "coco80"
input = { name = "data", size = [416, 416], mean = [103.53, 116.28, 123.675], scale = [57.375, 57.12, 58.395] }""",
        _MADE,
        _WIDER,
    ),
    Layout(
        "nanodet", "NanoDet 0.x and PicoDet without NMS: scores of each stride, then distances of each",
        """task = "detect"
decoder = "nanodet"
labels = ["circle", "square", "triangle", "star", "heart", "cross", "arrow", "crescent"]
input = { name = "image", size = [256, 256], resize = "letterbox", interpolation = "area" }
outputs = [
  "cls_pred_stride_8", "cls_pred_stride_16", "cls_pred_stride_32",
  "dis_pred_stride_8", "dis_pred_stride_16", "dis_pred_stride_32",
]""",
        _MADE,
        _WIDER,
    ),
    Layout(
        "rtdetr", "RT-DETR and D-FINE as their authors export them (two inputs)",
        """task = "detect"
decoder = "rtdetr"
labels = "coco80"
input = { name = "images", size = [640, 640], color = "RGB", scale = [255] }
constants = { orig_target_sizes = [640, 640] }
outputs = ["labels", "boxes", "scores"]""",
        _MADE,
        _EIGHT,
    ),
    Layout(
        "detr_sigmoid", "RT-DETR from Transformers or Optimum (logits and boxes)",
        """task = "detect"
decoder = "detr_sigmoid"
labels = "coco80"
input = { name = "pixel_values", size = [640, 640], color = "RGB", scale = [255] }
outputs = ["logits", "pred_boxes"]""",
        _MADE,
        _EIGHT,
    ),
    Layout(
        "yolo_nms", "YOLOv7 with NMS inside",
        """task = "detect"
decoder = "yolo_nms"
labels = "coco80"
input = { name = "images", size = [640, 640], color = "RGB", scale = [255], resize = "letterbox" }""",
        _MADE,
        _EIGHT,
    ),
    Layout(
        "dets_labels", "MMDeploy and OpenVINO Training Extensions, NMS inside",
        """task = "detect"
decoder = "dets_labels"
labels = "coco80"
input = { name = "input", size = [640, 640], resize = "letterbox" }
outputs = ["dets", "labels"]""",
        _MADE,
        _EIGHT,
    ),
    Layout(
        "paddle", "PP-YOLOE and others of PaddleDetection, NMS inside (three inputs)",
        """task = "detect"
decoder = "paddle"
labels = "coco80"
input = { name = "image", size = [640, 640], color = "RGB", mean = [123.675, 116.28, 103.53], scale = [58.395, 57.12, 57.375] }
constants = { scale_factor = [1, 1], im_shape = [640, 640] }""",  # noqa: E501
        _MADE,
        _EIGHT,
    ),
    Layout(
        "ssd_scores", "UltraFace and pytorch-ssd: SSD without NMS",
        """task = "faces"
decoder = "ssd_scores"
labels = ["face"]
label_offset = -1
score = 0.7
input = { name = "input", size = [320, 240], color = "RGB", mean = [127], scale = [128] }
outputs = ["scores", "boxes"]""",
        _MADE,
        (
            "heart 0.94", "circle 0.96", "square 0.92", "cross 0.94", "triangle 0.92", "arrow 0.88", "crescent 0.94",
            "star 0.91",
        ),
    ),
    Layout(
        "ssd_tf", "TensorFlow's SSD, EfficientDet and TFLite's, NMS inside",
        """task = "detect"
decoder = "ssd_tf"
labels = ["person", "bicycle", "car"]
label_offset = -1
input = { name = "image_tensor", size = [300, 300], layout = "NHWC", color = "RGB", type = "u8" }
outputs = ["detection_boxes", "detection_classes", "detection_scores", "num_detections"]""",
        f"{_MADE} Classes from 1 on want `label_offset = -1`; TFLite's begin at 0.",
        _WIDER,
    ),
    Layout(
        "ssd_lists", "SSD of ONNX's model zoo",
        """task = "detect"
decoder = "ssd_lists"
labels = "coco80"
label_offset = -1
input = { name = "image", size = [1200, 1200], color = "RGB", mean = [123.675, 116.28, 103.53], scale = [58.395, 57.12, 57.375] }
outputs = ["bboxes", "labels", "scores"]""",  # noqa: E501
        _MADE,
        _EIGHT,
    ),
    Layout(
        "movenet", "MoveNet (SinglePose Lightning; MultiPose has the same decoder)",
        """task = "persons"
decoder = "movenet"
labels = ["person"]
keypoints = [
  "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
  "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
  "right_ankle",
]
input = { name = "input", size = [192, 192], layout = "NHWC", color = "RGB", type = "i32", resize = "letterbox", fill = 0 }""",  # noqa: E501
        f"{_MADE} Points of the export are the middles of the shapes, in the order of their classes.",
        (
            "nose at 56, 83", "left_eye at 182, 89", "right_eye at 292, 93", "left_ear at 426, 76",
            "right_ear at 63, 231", "left_shoulder at 181, 230", "right_shoulder at 300, 236", "left_elbow at 414, 245",
        ),
    ),
    Layout(
        "heatmaps", "SimpleBaseline, HRNet: a map for each point (here: the tip and the tail of an arrow)",
        """task = "detect"
decoder = "heatmaps"
labels = ["arrow"]
keypoints = ["tip", "tail"]
input = { name = "image", size = [64, 64], interpolation = "area" }""",
        "Proved on a network that was really trained (`make train-layouts`; it is "
        "`tests/core/models/trained/arrows.xml`): of 200 drawn arrows that training never saw, half of the points lie "
        "within 1.5 pixels of 64, 94 % within 5. And on tensors of this layout. In `docs/img/arrow.png`, the first "
        "of them, it tells the tip at 35.5, 17.5 and the tail at 47.5, 55.5; they were drawn at 36.9, 16.0 and "
        "47.8, 54.5.",
    ),
    Layout(
        "deeplab", "DeepLab v3 and SegFormer: scores at a fraction of the input's size",
        """task = "segment"
decoder = "deeplab"
labels = "voc21"
input = { name = "pixel_values", size = [513, 513], color = "RGB", mean = [127.5], scale = [127.5] }
outputs = ["logits"]""",
        f"{_MADE} The export tells the boxes of the shapes as classes of pixels.",
        (
            "background 72.9 %", "circle 2.8 %", "square 4.9 %", "triangle 1.7 %", "star 3.6 %", "heart 3.1 %",
            "cross 4.0 %", "arrow 2.3 %", "crescent 4.6 %",
        ),
    ),
    Layout(
        "heads", "Attributes of objects: age and gender (`age-gender-recognition-retail-0013`), emotions, styles",
        """task = "attributes"
decoder = "heads"
input = { name = "data", size = [62, 62] }
outputs = ["age_conv3", "prob"]
heads = [{ name = "age", times = 100 }, { name = "gender", labels = ["female", "male"] }]""",
        "Proved on tensors of this layout, and on a network that was really trained, which ships as "
        "[shape_style](#shape_style): in `docs/img/shapes.png` it tells of all eight shapes whether they are filled.",
    ),
)  # fmt: skip

_INTRO = """## Tables of other people's networks

For each layout a table that the server takes as it is, beside `title`, `licence`, `source`, `revision`, `memory`,
`cost` and `files`; names of inputs and outputs are those of the usual exports, and `check` prints those of yours.
"""


def text() -> str:
    """The section."""
    return "\n".join([_INTRO, *(_shown(layout) for layout in LAYOUTS)])


def _shown(layout: Layout) -> str:
    proof = f"{layout.proof} {_RUN.format(seen=', '.join(layout.seen))}" if layout.seen else layout.proof
    return f"### {layout.title}\n\n```toml\n{layout.table}\n```\n\n{proof}\n"
