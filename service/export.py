"""Findings in the formats of other tools: a COCO document, YOLO text, a label map."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from core.errors import NeedsFindingsError
from core.filter import Reads
from core.findings.findings import Keypoint, Object
from core.picture import Size
from core.pipeline import Pipeline
from core.process import FrameResult, Result

Form = Literal["coco", "yolo", "labelmap"]
_READS: dict[Form, Reads] = {"coco": "objects", "yolo": "objects", "labelmap": "segments"}
MEDIA_TYPES: dict[Form, str] = {
    "coco": "application/json",
    "yolo": "text/plain; charset=utf-8",
    "labelmap": "image/png",
}
EXTENSIONS: dict[Form, str] = {"coco": ".json", "yolo": ".txt", "labelmap": ".png"}


_Number = Annotated[int, Meta(ge=1)]


class CocoImage(msgspec.Struct, forbid_unknown_fields=True):
    """One frame, as COCO has it."""

    id: _Number
    width: _Number
    height: _Number
    file_name: str


class CocoAnnotation(msgspec.Struct):
    """One object, as COCO has it: among others with its outline and score."""

    id: _Number
    image_id: _Number
    category_id: _Number
    bbox: Annotated[list[float], Meta(description="Left, top, width and height in pixels")]


class CocoCategory(msgspec.Struct):
    """A class, as COCO has it."""

    id: _Number
    name: str


class Coco(msgspec.Struct, forbid_unknown_fields=True):
    """A COCO document, with findings=coco."""

    info: dict[str, Any]
    licenses: list[dict[str, Any]]
    images: list[CocoImage]
    annotations: list[CocoAnnotation]
    categories: list[CocoCategory]


def check_form(form: Form, pipeline: Pipeline) -> None:
    """NeedsFindingsError (400) if no step of the pipeline makes the findings that a format needs."""
    if not any(step.filter.feeds(_READS[form]) for step in pipeline.steps):
        needed = (
            "a class map: put `segment`"
            if form == "labelmap"
            else "objects: put `detect`, `faces`, `persons` or `barcodes`"
        )
        raise NeedsFindingsError(f"findings={form} needs {needed} into the pipeline.", parameter="findings")


def export_findings(form: Form, result: Result, file_name: str = "") -> dict[str, Any] | str | bytes:
    """The findings in an export format: COCO is JSON of all frames; YOLO text and the label map PNG cover the first."""
    if form == "coco":
        return coco(result, file_name)
    return yolo(result) if form == "yolo" else labelmap(result)


def coco(result: Result, file_name: str = "") -> dict[str, Any]:
    """A whole COCO document: one image a frame, one annotation an object, every class of the models as a category.

    Source: https://cocodataset.org/#format-data (object and keypoint detection).
    """
    categories = _categories(result)
    objects = [
        (number, found) for number, frame in enumerate(result.frames, 1) for found in frame.findings.objects or ()
    ]
    return {
        "info": {"description": "Findings of Darkroom", "version": "1.0"},
        "licenses": [],
        "images": [_image(number, frame, file_name) for number, frame in enumerate(result.frames, 1)],
        "annotations": [
            {"id": count, "image_id": number, "category_id": categories[found.label]}
            | _annotation(found, result.frames[number - 1].size)
            for count, (number, found) in enumerate(objects, 1)
        ],
        "categories": [_category(name, number, objects) for name, number in categories.items()],
    }


def _categories(result: Result) -> dict[str, int]:
    """The number of each class, from 1, in the order of the models; then classes that no model lists."""
    names = [name for labels in result.classes.values() for name in labels]
    names += [found.label for frame in result.frames for found in frame.findings.objects or ()]
    return {name: number for number, name in enumerate(dict.fromkeys(names), 1)}


def _image(number: int, frame: FrameResult, file_name: str) -> dict[str, Any]:
    return {"id": number, "width": frame.size.width, "height": frame.size.height, "file_name": file_name}


def _category(name: str, number: int, objects: list[tuple[int, Object]]) -> dict[str, Any]:
    points = next((found.keypoints for _, found in objects if found.label == name and found.keypoints), None)
    fields: dict[str, Any] = {"id": number, "name": name, "supercategory": ""}
    return {**fields, "keypoints": [point.name for point in points], "skeleton": []} if points else fields


def _annotation(found: Object, size: Size) -> dict[str, Any]:
    """Box, outline and keypoints of one object; without a mask, the outline of its region in the picture."""
    left, top, right, bottom = found.region.clipped(*size)
    fields: dict[str, Any] = {
        "bbox": [round(value, 2) for value in (left, top, right - left, bottom - top)],
        "score": round(found.score, 4),
        "iscrowd": 0,
    }
    if found.mask is not None:
        fields |= {"segmentation": found.mask.rle(*size), "area": found.mask.area}
    else:
        outline = found.region.inside(*size)
        flat = [round(value, 2) for point in outline.quad for value in point]
        fields |= {"segmentation": [flat], "area": round(outline.area(), 2)}
    if found.keypoints:
        fields["keypoints"] = [value for point in found.keypoints for value in _point(point, size)]
        fields["num_keypoints"] = sum(flag > 0 for flag in fields["keypoints"][2::3])
    return fields


def _point(point: Keypoint, size: Size) -> tuple[float, float, int]:
    """x, y and COCO's flag: 2 is visible, 0 is not in the picture."""
    inside = 0 <= point.x <= size.width and 0 <= point.y <= size.height
    return (round(point.x, 2), round(point.y, 2), 2) if inside else (0, 0, 0)


def yolo(result: Result) -> str:
    """One line per object: class, centre x and y, width and height, as fractions of the picture.

    The class is the COCO category minus one, which is the model's own number. Source:
    https://github.com/AlexeyAB/darknet#how-to-train-to-detect-your-custom-objects.
    """
    return "".join(f"{line}\n" for line in _lines(result))


def _lines(result: Result) -> Iterator[str]:
    categories, frame = _categories(result), result.frames[0]
    width, height = frame.size
    for found in frame.findings.objects or ():
        left, top, right, bottom = found.region.clipped(width, height)
        place = (
            (left + right) / 2 / width,
            (top + bottom) / 2 / height,
            (right - left) / width,
            (bottom - top) / height,
        )
        yield f"{categories[found.label] - 1} {' '.join(f'{fraction:.6f}' for fraction in place)}"


def labelmap(result: Result) -> bytes:
    """The class map of the last `segment` as an 8-bit grey PNG: each pixel is the number of its class, 255 is void."""
    return (result.frames[0].findings.segments or ())[-1].png()
