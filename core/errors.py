"""Every error the core raises: a status (HTTP's words), a code for programs and a sentence for people.

The doors turn them into RFC 9457 problem documents; `detail` is public, so no path, address or library text in it.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, ClassVar


class DarkroomError(Exception):
    """What the caller can be told. `fields` are further members of the problem document."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str, **fields: Any) -> None:
        self.detail = _printable(detail, 500)
        self.fields = {k: _printable(v, 500) if isinstance(v, str) else v for k, v in fields.items() if v is not None}
        super().__init__(self.detail)


def _printable(text: str, most: int) -> str:
    """Text that any answer can carry, however wild the input it quotes."""
    clean = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name a typing mistake probably meant, or None."""
    return next(iter(get_close_matches(name[:64].lower(), list(known), n=1, cutoff=0.6)), None)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    guess = nearest(name, known)
    return f" Did you mean «{guess}»?" if guess else ""


# --- 400: the pipeline or a parameter is wrong ---------------------------------------------------------------------


class BadRequestError(DarkroomError):
    """The request's text is wrong."""

    status, code, title = 400, "bad_request", "The request is wrong"


class PipelineSyntaxError(BadRequestError):
    """The pipeline cannot be read as steps."""

    code, title = "bad_pipeline", "The pipeline cannot be read"


class UnknownFilterError(BadRequestError):
    """No filter, measure or preset has this name."""

    code, title = "unknown_filter", "There is no such filter"

    def __init__(self, name: str, known: Iterable[str], what: str = "filter") -> None:
        known = list(known)
        super().__init__(
            f"There is no {what} «{name}».{_did_you_mean(name, known)}", got=name, expected=nearest(name, known)
        )


class UnknownPresetError(UnknownFilterError):
    """`preset:NAME` names nothing in presets.toml."""

    code, title = "unknown_preset", "There is no such preset"


class UnknownParameterError(BadRequestError):
    """A filter has no parameter of this name."""

    code, title = "unknown_parameter", "There is no such parameter"

    def __init__(self, step: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        takes = f"It takes {', '.join(known)}." if known else "It takes none."
        detail = f"«{step}» has no parameter «{name[:64]}».{_did_you_mean(name, known)} {takes}"
        super().__init__(
            detail, parameter=f"{step}.{name}", expected=nearest(name, known) or ", ".join(known), got=name
        )


class BadParameterError(BadRequestError):
    """A parameter's value is wrong: it names the parameter, what was expected and what came."""

    code, title = "bad_parameter", "A parameter is wrong"

    def __init__(self, parameter: str, expected: str, got: Any) -> None:
        shown = str(got)[:80]
        super().__init__(
            f"«{parameter}» should be {expected}, not «{shown}».", parameter=parameter, expected=expected, got=shown
        )


class SideTooLongError(BadRequestError):
    """A side of the result would be outside 1 to the limit."""

    code, title = "bad_size", "The result's size is outside the limits"


class UnknownFormatError(BadRequestError):
    """No format of this name is written."""

    code, title = "unknown_format", "There is no such format"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        detail = f"There is no format «{name[:64]}».{_did_you_mean(name, known)} We write {', '.join(known)}."
        super().__init__(detail, parameter="format", expected=", ".join(known), got=name)


class UnknownPictureError(BadRequestError):
    """A step names a second picture that is neither a part of the request nor an asset."""

    code, title = "unknown_picture", "A second picture is missing"


class NeedsFindingsError(BadRequestError):
    """A step reads findings and no step before it makes them."""

    code, title = "needs_findings", "A step reads findings that no step before it makes"


class RedactTooLateError(BadRequestError):
    """Between a finding and the step that hides it lies one that takes what is hidden all over the picture."""

    code, title = "redact_too_late", "What would be hidden is told before it is hidden"


class UnknownModelError(BadRequestError):
    """No model of this name does what the step asks of it."""

    code, title = "unknown_model", "There is no such model"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        listed = f"There are {', '.join(known)}." if known else "This server has none for that."
        detail = f"There is no model «{name[:64]}» for that.{_did_you_mean(name, known)} {listed}"
        super().__init__(detail, expected=nearest(name, known) or ", ".join(known), got=name)


class UnknownClassError(BadRequestError):
    """A step names a class that the models before it do not look for."""

    code, title = "unknown_class", "The model knows no such class"

    def __init__(self, parameter: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        detail = f"In «{parameter}», nothing before looks for «{name[:64]}».{_did_you_mean(name, known)}"
        listed = ", ".join(known)
        super().__init__(f"{detail} It looks for {listed}.", parameter=parameter, expected=listed, got=name)


class NoPictureError(BadRequestError):
    """The request brings no picture."""

    code, title = "no_file", "There is no picture in the request"


class EmptyNameError(BadRequestError):
    """The file part has an empty name: the form was sent without choosing a file."""

    code, title = "empty_filename", "No file was chosen"


class EmptyPictureError(BadRequestError):
    """The picture has no bytes."""

    code, title = "empty_body", "The picture is empty"


# --- 413: too much -------------------------------------------------------------------------------------------------


class TooLargeError(DarkroomError):
    """Something is larger than a limit."""

    status, code, title = 413, "too_large", "The request is too large"


class TooManyBytesError(TooLargeError):
    """The body is longer than the limit."""

    code, title = "too_many_bytes", "Too many bytes"


class TooManyPixelsError(TooLargeError):
    """A picture, read or made, has more pixels than the limit."""

    code, title = "too_many_pixels", "Too many pixels"


class TooManyFramesError(TooLargeError):
    """An animation has too many frames, or too many pixels over all frames."""

    code, title = "too_many_frames", "Too many frames"


class TooMuchWorkError(TooLargeError):
    """The pipeline would take longer, or more memory, than one request may."""

    code, title = "too_much_work", "Too much work"


# --- 415, 422: the picture -----------------------------------------------------------------------------------------


class NotAnImageError(DarkroomError):
    """The bytes are no picture in a format we read."""

    status, code, title = 415, "not_an_image", "Not an image we read"


class DamagedImageError(DarkroomError):
    """The picture's data is damaged or missing."""

    status, code, title = 422, "damaged_image", "The image is damaged"


class CannotFitError(DarkroomError):
    """No quality makes the result fit into `max_bytes`."""

    status, code, title = 422, "cannot_fit", "The result does not fit"


class NothingFoundError(DarkroomError):
    """A step that must not do without a finding was handed none."""

    status, code, title = 422, "nothing_found", "Nothing was found"


# --- 5xx: not the caller's fault -----------------------------------------------------------------------------------


class ModelError(DarkroomError):
    """A model cannot do its work. The server lives, other models go on."""

    status, code, title = 503, "model_error", "A model cannot do its work"


class ModelAbsentError(ModelError):
    """The weights are not on this machine."""

    code, title = "model_absent", "The model's weights are not here"


class ModelChecksumError(ModelError):
    """The weights are not those that the manifest names."""

    code, title = "model_checksum", "The model's weights are other ones"


class ModelBrokenError(ModelError):
    """The network cannot be read, compiled or run."""

    code, title = "model_broken", "The model is broken"


class ModelMemoryError(ModelError):
    """The model needs more memory than there is for models."""

    code, title = "model_memory", "The model does not fit into memory"


class RuntimeMissingError(ModelError):
    """OpenVINO is not installed here."""

    code, title = "runtime_missing", "This server runs no models"


class ModelMismatchError(ModelError):
    """The network is not what its table in the manifest says."""

    code, title = "model_mismatch", "The model is not what its table says"


class ModelOutputError(ModelError):
    """What the network gives are no numbers, or none that its decoder can mean."""

    code, title = "model_output", "The model's output makes no sense"


class ModelBusyError(DarkroomError):
    """All that a model can do at once, it does. `seconds` is a guess of when to come again."""

    status, code, title = 429, "model_busy", "The model is busy"

    def __init__(self, detail: str, seconds: int = 1) -> None:
        super().__init__(detail)
        self.seconds = seconds


class DeadlineExceededError(DarkroomError):
    """The request's time was over before its work was done."""

    status, code, title = 504, "deadline_exceeded", "The time is over"

    def __init__(self, before: str, seconds: float) -> None:
        super().__init__(f"The {seconds:g} s of this request were over before «{before}» began.")
