"""Other words for what has a name here: people bring them from CSS, other services and other spellings of English.

They are read and never written: canonical text, and so every digest, has the names of our own.
"""

from collections.abc import Sequence

ALIASES = {
    "gray": "grayscale",
    "grey": "grayscale",
    "greyscale": "grayscale",
    "bw": "grayscale",
    "black_and_white": "grayscale",
    "scale": "resize",
    "thumbnail": "resize",
    "negate": "invert",
    "negative": "invert",
    "vflip": "flip",
    "hflip": "flop",
    "mirror": "flop",
    "colourise": "colorize",
    "colourize": "colorize",
    "posterise": "posterize",
    "quantise": "quantize",
    "solarise": "solarize",
    "equalise": "equalize",
    "stylise": "stylize",
    "pixelise": "pixelate",
    "pixelize": "pixelate",
    "auto_contrast": "autocontrast",
    "whitebalance": "white_balance",
    "unsharp_mask": "unsharp",
    "oilpaint": "oil",
    "oil_paint": "oil",
    "barcode": "barcodes",
}
"""Further names of steps: the parameters are the step's own. A step of that very name comes first."""
NEAR = {
    "gaussian": "blur",
    "gaussian_blur": "blur",
    "smooth": "blur",
    "monochrome": "grayscale",
    "desaturate": "saturation",
    "saturate": "saturation",
    "brighten": "brightness",
    "darken": "brightness",
    "lighten": "brightness",
    "normalize": "autocontrast",
    "negation": "invert",
    "edge": "canny",
    "edges": "canny",
    "outline": "contours",
    "cover": "resize",
    "fit": "resize",
    "shrink": "resize",
    "extract": "crop",
    "cut": "crop",
    "turn": "rotate",
    "round": "rounded",
    "frame": "border",
    "logo": "watermark",
    "caption": "text",
    "annotate": "text",
    "pencil": "sketch",
    "mosaic": "pixelate",
    "noise": "grain",
    "censor": "redact",
    "anonymize": "redact",
    "objects": "detect",
    "people": "persons",
    "metadata": "exif",
    "colors": "palette",
    "qrcode": "qr",
    "qr_code": "qr",
    "datamatrix": "barcodes",
    "ean": "barcodes",
}
"""Words of people who may mean a step; its parameters differ from what they expect, so it is only suggested."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "centre": ("center",),
    "middle": ("center",),
    "top": ("north",),
    "bottom": ("south",),
    "left": ("west",),
    "right": ("east",),
    "top-left": ("northwest",),
    "top-right": ("northeast",),
    "bottom-left": ("southwest",),
    "bottom-right": ("southeast",),
    "grey": ("gray",),
    "gray": ("grey",),
    "clip": ("inside",),
    "pad": ("contain",),
    "stretch": ("fill",),
    "bilinear": ("linear",),
    "bicubic": ("cubic",),
    "lanczos3": ("lanczos",),
    "lanczos4": ("lanczos",),
    "4:2:0": ("420",),
    "4:2:2": ("422",),
    "4:4:4": ("444",),
}
"""What a choice is called elsewhere, and what it may be called here."""
_PARAMETERS = {
    "w": "width",
    "h": "height",
    "colour": "color",
    "colours": "colors",
    "bg": "background",
    "degrees": "angle",
    "strength": "amount",
}


def spelled(word: str, choices: Sequence[object]) -> str | None:
    """The choice that another word stands for, or None."""
    word = word.strip().lower()
    if word in choices:
        return word
    others = _CHOICES.get(word.replace("_", "-").replace(" ", "-"), ())
    return next((other for other in others if other in choices), None)


def parameter_named(word: str, names: Sequence[str]) -> str:
    """The name of the parameter that a word stands for; the word itself where none does."""
    if word in names:
        return word
    other = _PARAMETERS.get(word.lower(), word)
    return other if other in names else word


def aliases_of(name: str) -> list[str]:
    """The further names of a step."""
    return [alias for alias, step in ALIASES.items() if step == name]
