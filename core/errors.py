"""Every error the core raises: an HTTP status, a code for programs and a sentence for people.

They become RFC 9457 problem documents. `detail` is public: it holds no path, address or text of a library.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from difflib import get_close_matches
from types import TracebackType
from typing import Any, ClassVar


class DarkroomError(Exception):
    """An error to show to the caller. `fields` are further members of the problem document."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, **fields: Any) -> None:
        self.detail = _printable(detail, 500)
        self.fields = {k: _printable(v, 500) if isinstance(v, str) else v for k, v in fields.items() if v is not None}
        super().__init__(self.detail)


class ErrorTranslation(AbstractContextManager[None]):
    """A context in which errors become others: `translate` returns the one to raise instead, or None to let it pass.

    Not a generator: in CPython 3.13 an error that a generator's context turns into another is in a ring with the frames
    of all its callers, so the pictures of the whole request would stay in memory until the next garbage collection.
    """

    def __init__(self, translate: Callable[[BaseException], Exception | None]) -> None:
        self._translate = translate

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise the other error, caused by this one."""
        if error is not None and (other := self._translate(error)) is not None:
            raise other from error


def forget_frames(error: BaseException | None) -> None:
    """Drop the frames of an error that has been answered, and of its causes: they hold the request's pictures."""
    left = [error]
    while left:
        one = left.pop()
        if one is not None and one.__traceback__ is not None:  # it had not been seen before
            one.__traceback__ = None
            left += [one.__cause__, one.__context__]


def _printable(text: str, most: int) -> str:
    """Text that is safe in any response, whatever input it quotes."""
    clean = text if text.isprintable() else "".join(char if char.isprintable() else "\ufffd" for char in text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a mistyped one probably stands for, or None. A mapping to texts has further words."""
    found = get_close_matches(name[:64].lower().replace("-", "_"), list(known), n=1, cutoff=0.6)
    meant_by = known.get(found[0]) if found and isinstance(known, Mapping) else None
    return meant_by if isinstance(meant_by, str) else next(iter(found), None)


def meant(guess: str | None) -> str:
    """The end of a sentence that suggests a guess; empty without one."""
    return f' Did you mean "{guess}"?' if guess else ""


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    return meant(nearest(name, known))


# --- 400: the pipeline or a parameter is wrong ---------------------------------------------------------------------


class BadRequestError(DarkroomError):
    """The request is malformed."""

    status, code, title = 400, "bad_request", "Bad request"


class PipelineSyntaxError(BadRequestError):
    """The pipeline is not a list of steps."""

    code, title = "bad_pipeline", "The pipeline cannot be parsed"


class UnknownFilterError(BadRequestError):
    """No filter, measure or preset has this name."""

    code, title = "unknown_filter", "There is no such filter"

    def __init__(self, name: str, known: Iterable[str], what: str = "filter") -> None:
        known = known if isinstance(known, Mapping) else list(known)
        super().__init__(
            f'There is no {what} "{name}".{_did_you_mean(name, known)}', got=name, expected=nearest(name, known)
        )


class UnknownPresetError(UnknownFilterError):
    """`preset:NAME` names nothing in presets.toml."""

    code, title = "unknown_preset", "There is no such preset"


class UnknownParameterError(BadRequestError):
    """A filter has no parameter of this name."""

    code, title = "unknown_parameter", "There is no such parameter"

    def __init__(self, step: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        takes = f"Its parameters are {', '.join(known)}." if known else "It has none."
        detail = f'"{step}" has no parameter "{name[:64]}".{_did_you_mean(name, known)} {takes}'
        super().__init__(
            detail, parameter=f"{step}.{name}", expected=nearest(name, known) or ", ".join(known), got=name
        )


class BadParameterError(BadRequestError):
    """A parameter's value is invalid: the error names the parameter, what was expected and what was given."""

    code, title = "bad_parameter", "Invalid parameter"

    def __init__(self, parameter: str, expected: str, got: Any, hint: str = "") -> None:
        shown = str(got)[:80]
        super().__init__(
            f'"{parameter}" should be {expected}, not "{shown}".{hint}',
            parameter=parameter,
            expected=expected,
            got=shown,
        )


_MOST_NAMED = 10


class MissingGlyphsError(BadRequestError):
    """Words hold characters that no font has."""

    code, title = "missing_glyphs", "No font for these characters"

    def __init__(self, characters: list[str]) -> None:
        shown = ", ".join(f"{char} (U+{ord(char):04X})" for char in characters[:_MOST_NAMED])
        more = f" and {len(characters) - _MOST_NAMED} more" if len(characters) > _MOST_NAMED else ""
        super().__init__(
            f"No font here has {shown}{more}; the operator may add one (DARKROOM_FONTS).",
            parameter="text.text",
            got="".join(characters[:80]),
        )


class SideTooLongError(BadRequestError):
    """A side of the result would be outside 1 to the limit."""

    code, title = "bad_size", "The result's size is outside the limits"


class UnknownFormatError(BadRequestError):
    """No format of this name can be written."""

    code, title = "unknown_format", "There is no such format"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        detail = f'There is no format "{name[:64]}".{_did_you_mean(name, known)} The formats are {", ".join(known)}.'
        super().__init__(detail, parameter="format", expected=", ".join(known), got=name)


class UnknownPictureError(BadRequestError):
    """A step names a second picture that is neither a part of the request nor an asset."""

    code, title = "unknown_picture", "Missing second picture"


class NeedsFindingsError(BadRequestError):
    """A step needs findings, and no step before it produces them."""

    code, title = "needs_findings", "Missing vision step"


class BadDepthError(BadRequestError):
    """A result of more than 8 bits is asked for, and something on the way to it computes with eight."""

    code, title = "bad_depth", "The result cannot have more than 8 bits"


class RedactTooLateError(BadRequestError):
    """Between a finding and the step that hides it lies one that takes what is hidden all over the picture."""

    code, title = "redact_too_late", "What would be hidden is told before it is hidden"


class UnknownModelError(BadRequestError):
    """No model of this name can do what the step asks for."""

    code, title = "unknown_model", "There is no such model"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        listed = f"The models are {', '.join(known)}." if known else "This server has no model for it."
        detail = f'There is no model "{name[:64]}" for this task.{_did_you_mean(name, known)} {listed}'
        super().__init__(detail, expected=nearest(name, known) or ", ".join(known), got=name)


class UnknownClassError(BadRequestError):
    """A step names a class that the models before it do not detect."""

    code, title = "unknown_class", "There is no such class"

    def __init__(self, parameter: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        listed = ", ".join(known)
        detail = f'"{parameter}" names the class "{name[:64]}", which is not detected.{_did_you_mean(name, known)}'
        super().__init__(f"{detail} The classes are {listed}.", parameter=parameter, expected=listed, got=name)


class NoPictureError(BadRequestError):
    """The request has no picture."""

    code, title = "no_file", "The request has no picture"


class EmptyNameError(BadRequestError):
    """The file part has an empty name: the form was sent without choosing a file."""

    code, title = "empty_filename", "No file was chosen"


class EmptyPictureError(BadRequestError):
    """The picture has no bytes."""

    code, title = "empty_body", "The picture is empty"


# --- 413: too large ------------------------------------------------------------------------------------------------


class TooLargeError(DarkroomError):
    """Something is larger than a limit."""

    status, code, title = 413, "too_large", "The request is too large"


class TooManyBytesError(TooLargeError):
    """The body is longer than the limit."""

    code, title = "too_many_bytes", "Too many bytes"


class TooManyPixelsError(TooLargeError):
    """An input or an output has more pixels than the limit."""

    code, title = "too_many_pixels", "Too many pixels"


class TooManyFramesError(TooLargeError):
    """An animation has too many frames, or too many pixels over all frames."""

    code, title = "too_many_frames", "Too many frames"


class TooMuchWorkError(TooLargeError):
    """The pipeline would need more time or memory than one request may use."""

    code, title = "too_much_work", "Too much work"


# --- 415, 422: the picture -----------------------------------------------------------------------------------------


class NotAnImageError(DarkroomError):
    """The bytes are not an image in a supported format."""

    status, code, title = 415, "not_an_image", "Unsupported image format"


class CannotTranscodeError(DarkroomError):
    """The file cannot be carried over into the other format byte for byte."""

    status, code, title = 415, "cannot_transcode", "The file cannot be transcoded"


class DamagedImageError(DarkroomError):
    """The picture's data is damaged or missing."""

    status, code, title = 422, "damaged_image", "The image is damaged"


class CannotFitError(DarkroomError):
    """No quality makes the result fit into `max_bytes`."""

    status, code, title = 422, "cannot_fit", "The result does not fit"


class NothingFoundError(DarkroomError):
    """A step that needs at least one finding got none."""

    status, code, title = 422, "nothing_found", "Nothing was found"


# --- 5xx: not the caller's fault -----------------------------------------------------------------------------------


class ModelError(DarkroomError):
    """A model failed. The server and its other models keep working."""

    status, code, title = 503, "model_error", "The model failed"


class ModelAbsentError(ModelError):
    """The weights are not on this machine."""

    code, title = "model_absent", "The model's weights are missing"


class ModelChecksumError(ModelError):
    """The checksum of the weights is not the one in the manifest."""

    code, title = "model_checksum", "The model's weights have the wrong checksum"


class ModelBrokenError(ModelError):
    """The network cannot be loaded, compiled or run."""

    code, title = "model_broken", "The model is broken"


class ModelMemoryError(ModelError):
    """The model needs more memory than models may use."""

    code, title = "model_memory", "The model does not fit into memory"


class RuntimeMissingError(ModelError):
    """OpenVINO is not installed."""

    code, title = "runtime_missing", "This server cannot run models"


class ModelMismatchError(ModelError):
    """The network does not match its table in the manifest."""

    code, title = "model_mismatch", "The model does not match its table in the manifest"


class ModelOutputError(ModelError):
    """The output holds NaN, or values its decoder does not allow."""

    code, title = "model_output", "The model's output is invalid"


class ModelBusyError(DarkroomError):
    """The model is at its limit of concurrent requests. `seconds` is an estimate of when to try again."""

    status, code, title = 429, "model_busy", "The model is busy"

    def __init__(self, detail: str, seconds: int = 1) -> None:
        super().__init__(detail)
        self.seconds = seconds


class AbandonedError(DarkroomError):
    """Work was given up for the sake of one caller: another one who waits for the same may do it again."""


class DeadlineExceededError(AbandonedError):
    """The request's deadline passed before its work was done."""

    status, code, title = 504, "deadline_exceeded", "Deadline exceeded"

    def __init__(self, before: str, seconds: float) -> None:
        super().__init__(f'The deadline of {seconds:g} s passed before "{before}" began.')
