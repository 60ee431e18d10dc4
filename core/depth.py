"""More than eight bits a channel: only where nothing on the way computes with eight."""

from core.codecs import EncodeOptions, reads_deep
from core.errors import BadDepthError
from core.picture import Origin
from core.pipeline import Pipeline, Step
from core.registry import filters


def check_depth(pipeline: Pipeline, options: EncodeOptions, origin: Origin) -> None:
    """Refuse a result of more than 8 bits whose samples would not be the source's. BadDepthError (400)."""
    for step in pipeline.steps:
        if not _is_exact(step):
            allowed = ", ".join(sorted(name for name, known in filters().items() if known.exact))
            detail = (
                f'"{step.canonical()}" computes with 8 bits. With depth={options.depth} a pipeline may only flip, turn '
                f"by quarters and crop: {allowed}."
            )
            raise BadDepthError(detail, parameter="depth", expected=allowed, got=step.filter.name)
    if origin.depth <= 8:
        return
    if options.profile in {"srgb", "p3"}:
        detail = "Colours are converted with 8 bits: beside a depth leave out the profile, and the picture's own stays."
        raise BadDepthError(detail, parameter="depth", got=options.profile)
    if not reads_deep(origin):
        detail = f"Of this {origin.format.upper()} only 8 bits are read: leave out the depth."
        raise BadDepthError(detail, parameter="depth", got=origin.format)


def _is_exact(step: Step) -> bool:
    exact = step.filter.exact
    return exact(**step.arguments) if callable(exact) else exact
