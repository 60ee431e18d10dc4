"""Where judges disagree, and the browser is not on our side or shows no such format: who is right, and why."""

from fnmatch import fnmatch

_HDR = "PQ on an SDR screen: ours is BT.2390's EETF with BT.2408's white, Chromium's is darker; the others map nothing"
_SIGNED = "TIFF 6.0, SampleFormat 2: the least number is black; the others take the bits for unsigned ones"
_STRETCHED = "alpha, and colours that move, are of full range, as the AV1 stream says; Chromium 156 stretches them"
_DEEP = "16-bit, 32-bit and float samples by their range (TIFF 6.0); Pillow cuts them off"
_SKIPPED = "pixels that no run sends: colour 0, as Windows, OpenCV and Pillow have it; Chromium leaves them transparent"
_STILL = "the default image, which is no frame; PNG 4.9: Chromium shows the animation's only frame"

VERDICTS: dict[str, str] = {
    "more/avif-libavif/*hdr*": _HDR,
    "more/avif-libavif/*gainmap*": _HDR,
    "more/avif-libavif/*p3pq*": "the AV1 stream says P3 and PQ, and no box says otherwise (AVIF 1.1, 2.1)",
    "more/avif-libavif/*clop_irot_imor*": "12 by 34 pixels, enlarged colour: rounding; OpenCV ignores irot",
    "more/avif-libavif/*animated*": _STRETCHED,
    "more/avif-libavif/*irot*": "OpenCV ignores irot",
    "more/avif-libavif/*red-green-swap*": "gAMA of 0.45455 is the curve of sRGB; Chromium takes the plain exponent",
    "more/sharp2/*Flag_of_the_Netherlands*": "gAMA of 0.45455 is the curve of sRGB; Chromium takes the plain exponent",
    "more/bmp-zune/*pal8rle*": _SKIPPED,
    "more/pillow2/*apng__single_frame_default*": _STILL,
    "more/pillow2/*apng__split_fdat_zero_chunk*": _STILL,
    "more/pillow2/*apng__chunk_no_fdat*": "an APNG that lacks its frames; Pillow shows the default image",
    "more/pillow2/*issue_2811.gif": "Chromium does not show a GIF whose only frame has no end",
    "more/tiff-imagetiff/*-i*": _SIGNED,
    "more/pillow2/*8bit.s.tif": _SIGNED,
    "more/pillow2/*separate_planar_extra_samples*": _SIGNED,
    "more/tiff-imagetiff/*predict*": _DEEP,
    "more/tiff-imagetiff/*-lzw-*": _DEEP,
    "more/heif-pillow/*L_10*": "heif-convert (libheif) agrees with us to a level; Pillow cuts 16 bits off at 255",
    "images/photos/giant-image.jpg": "280 megapixels, more than the limit",
    "formats/image-rs/qoi__*": "QOI is none of our formats",
}


def known(name: str) -> str:
    """The verdict on a file; empty where nobody has given one."""
    return next((why for pattern, why in VERDICTS.items() if fnmatch(name, pattern)), "")
