"""Thumbnails of stored pictures: a few widths, rendered when first asked for, and stored for everybody."""

WIDTHS = (240, 480, 960)
"""Pixels."""
FORMAT = "webp"
PIPELINES = frozenset(f"resize:{width}" for width in WIDTHS)
"""Their pipelines. They are few, so their renders may be stored whoever asks."""


def thumbnail_urls(id: str, *, only_presets: bool) -> dict[str, str]:  # noqa: A002
    """The addresses of a picture's thumbnails, relative to this server: `src`, and `srcset` for `<img>`.

    Where only presets are allowed, it is the picture itself: nobody may ask for a width of ours.
    """
    if only_presets:
        return {"src": f"v1/images/{id}/original", "srcset": ""}
    found = {width: f"v1/images/{id}/resize:{width}?format={FORMAT}" for width in WIDTHS}
    return {"src": found[WIDTHS[1]], "srcset": ", ".join(f"{url} {width}w" for width, url in found.items())}
