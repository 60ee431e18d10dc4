"""Every setting: one line each, read from `DARKROOM_…` variables at start, all wrong ones reported at once."""

import inspect
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec

from core.errors import BadParameterError, nearest
from core.language.parameters import Parameter, parameter_of
from core.language.values import doc, ranged
from core.limits import Limits
from core.models.model import TASKS, Task

PREFIX = "DARKROOM_"
_HERE = Path(__file__).parent
_CLIENTS = re.compile(r"DARKROOM_(SERVER|TEST_\w+)\Z")
"""Variables of the command-line client and of the tests, which the server leaves alone."""
_MOST = Limits()
_GIB = 1024**3


class SettingsError(ValueError):
    """The server does not start: what is wrong with its settings, all of it at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("These settings are wrong:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator can choose. A field is a setting: its type, default and help are all there is to write."""

    # fmt: off
    auth: Annotated[Literal["none", "keys", "platform"] | None, doc("Who is served: `none` asks nobody, `keys` asks for a key (not available yet), `platform` trusts the platform in front of it; unset, only this machine itself is served")] = None  # noqa: E501
    cors_origins: Annotated[tuple[str, ...], doc("Web origins whose pages may call us, separated by spaces, or `*` for all")] = ()  # noqa: E501
    assets: Annotated[str | None, doc("Folder of the second pictures that pipelines may name; unset, the one that ships")] = None  # noqa: E501
    presets: Annotated[str | None, doc("TOML file of the presets; unset, the one that ships")] = None
    filters: Annotated[tuple[str, ...], doc("Python packages with filters of one's own, separated by spaces; imported at start")] = ()  # noqa: E501
    models: Annotated[str | None, doc("TOML file with models of one's own; they join those that ship, and go before one of the same name")] = None  # noqa: E501
    models_from: Annotated[str | None, doc("Folders with weights, joined by `:`; files are known by their checksums, whatever their names and folders")] = None  # noqa: E501
    data: Annotated[str | None, doc("Folder in which fetched weights and compiled models are kept; unset, `.darkroom` beside main.py; where it cannot be written, nothing is kept")] = None  # noqa: E501
    model_memory: Annotated[int, ranged(2**20, 256 * _GIB, "Most memory of the loaded models of one process, bytes; what was not used for longest goes first")] = _GIB  # noqa: E501
    model_precision: Annotated[Literal["f32", "f16", "bf16"], doc("Numbers that models compute with; where the processor is quicker with short ones, results may differ a little")] = "f32"  # noqa: E501
    model_hint: Annotated[Literal["latency", "throughput"], doc("What OpenVINO strives for: one answer soon, or many an hour")] = "latency"  # noqa: E501
    model_device: Annotated[str, doc("OpenVINO's device: `CPU`, `GPU`, `NPU`, `AUTO`, or several as `AUTO:GPU,CPU`")] = "CPU"  # noqa: E501
    model_fetch: Annotated[bool, doc("Whether a request may download the weights that its models lack; else only loading, warming and `make models` do")] = False  # noqa: E501
    warm: Annotated[tuple[str, ...], doc("Tasks or models, separated by commas or spaces, that are loaded before `/ready` says so")] = ()  # noqa: E501
    detect_model: Annotated[str, doc("The model of `detect` without `model=`")] = "shapes"
    faces_model: Annotated[str, doc("The model of `faces` without `model=`")] = "yunet"
    persons_model: Annotated[str, doc("The model of `persons` without `model=`")] = "person-detection-retail-0013"
    segment_model: Annotated[str, doc("The model of `segment` without `model=`")] = "road-segmentation-adas-0001"
    classify_model: Annotated[str, doc("The model of `classify` without `model=`")] = "mobilenet_v2"
    sources: Annotated[tuple[str, ...], doc("Beginnings of the addresses that requests may read, separated by spaces, such as `gs://bucket/folder/` or `https://example.com/`; `https://` is the whole public web")] = ()  # noqa: E501
    targets: Annotated[tuple[str, ...], doc("Beginnings of the addresses that requests may write to, separated by spaces, such as `s3://bucket/folder/`")] = ()  # noqa: E501
    results: Annotated[str | None, doc("Bucket, or beginning of addresses, that is the server's own: uploaded pictures, stored renders and what went wrong")] = None  # noqa: E501
    files: Annotated[str | None, doc("Folder in which `file://bucket/key` is the file `bucket/key`; unset, there are no files")] = None  # noqa: E501
    s3_endpoint: Annotated[str | None, doc("URL of an S3 that is not Amazon's (R2, Ceph, …)")] = None
    s3_region: Annotated[str | None, doc("Region of the S3 buckets; unset, the one that the environment names")] = None
    gs_endpoint: Annotated[str | None, doc("URL of a Cloud Storage that is not Google's")] = None
    gs_project: Annotated[str | None, doc("Google's project; unset, the one that the environment names")] = None
    signing_key: Annotated[str | None, doc("Secret of at least 32 characters that signs addresses of ours: uploads to `file://`, and renders; unset, uploads are signed until the next start, and renders not")] = None  # noqa: E501
    rules: Annotated[str | None, doc("TOML file of the rules: which objects become which; unset, there are none")] = None  # noqa: E501
    event_attempts: Annotated[int, ranged(1, 1000, "Deliveries after which an event is given up, and recorded")] = 10
    event_seconds: Annotated[float, ranged(1, 10_000_000, "Age at which an event is given up whose deliveries nobody counts, seconds")] = 21_600.0  # noqa: E501
    watch: Annotated[str | None, doc("Bucket of `file://` that is watched: what is dropped into its folder is an event, such as `file://inbox`")] = None  # noqa: E501
    catalog: Annotated[Literal["sqlite", "mongo", "none"] | None, doc("Where the rows of stored pictures are; unset, `none` in a cloud and `sqlite` elsewhere")] = None  # noqa: E501
    mongo: Annotated[str | None, doc("URL of the MongoDB server, with `catalog=mongo`")] = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], doc("The least severe line that is logged")] = "info"  # noqa: E501
    host: Annotated[str, doc("Address that `python main.py` and the container listen on")] = "127.0.0.1"
    workers: Annotated[int, ranged(0, 256, "Processes of `python main.py` and the container; 0: one a core")] = 0
    threads: Annotated[int, ranged(2, 256, "Connections that one process serves at a time")] = 16
    at_once: Annotated[int, ranged(0, 256, "Pictures that one process computes at a time; 0: as many as there are cores")] = 0  # noqa: E501
    queue: Annotated[int, ranged(0, 1000, "Pictures that may wait in one process; one more gets a 429")] = 12
    queue_seconds: Annotated[float, ranged(0, 300, "Longest wait for a free core, seconds; then a 429")] = 10.0
    max_body_bytes: Annotated[int, ranged(1, 16 * _GIB, "Longest body, bytes")] = _MOST.body_bytes
    max_upload_bytes: Annotated[int, ranged(1, 16 * _GIB, "Longest upload to a signed address, bytes")] = 256 * 2**20
    max_pixels: Annotated[int, ranged(1, 2**30, "Most pixels of a picture, read_settings or made")] = _MOST.pixels
    max_side: Annotated[int, ranged(1, 65535, "Longest side of a picture, read_settings or made, pixels")] = _MOST.side
    max_frames: Annotated[int, ranged(1, 100_000, "Most frames of an animation")] = _MOST.frames
    max_frame_pixels: Annotated[int, ranged(1, 2**34, "Most pixels over all frames of an animation")] = _MOST.frame_pixels  # noqa: E501
    max_steps: Annotated[int, ranged(1, 1000, "Most steps of a pipeline")] = _MOST.steps
    max_outputs: Annotated[int, ranged(1, 256, "Most results of one request")] = _MOST.outputs
    max_seconds: Annotated[float, ranged(0.001, 3600, "Longest time one request may take, seconds; then a 504")] = _MOST.seconds  # noqa: E501
    max_work: Annotated[float, ranged(0.001, 3600, "Most work of one request, seconds of one core, as the filters declare it")] = _MOST.work  # noqa: E501
    max_memory: Annotated[int, ranged(2**20, 256 * _GIB, "Most memory of one step, bytes, as the filters declare it")] = _MOST.memory  # noqa: E501
    # fmt: on

    def limits(self) -> Limits:
        """What one request may cost: the settings named `max_…`."""
        return Limits(**{name: getattr(self, f"max_{name}") for name in Limits.__struct_fields__})

    def assets_folder(self) -> Path:
        """Folder of the second pictures."""
        return Path(self.assets) if self.assets else _HERE / "assets"

    def models_folders(self) -> list[Path]:
        """Folders in which the operator keeps weights."""
        return [Path(folder) for folder in (self.models_from or "").split(os.pathsep) if folder]

    def data_folder(self) -> Path:
        """Folder of what we keep for later."""
        return Path(self.data) if self.data else _HERE.parent / ".darkroom"

    def default_models(self) -> dict[Task, str]:
        """The model of each task where a pipeline names none."""
        return {task: getattr(self, f"{task}_model") for task in TASKS}

    def meant(self, name: str) -> str:
        """The model that a word means: a task's name is its default, and any other the model itself."""
        return str(getattr(self, f"{name}_model")) if name in TASKS else name

    def presets_file(self) -> Path:
        """File of the presets."""
        return Path(self.presets) if self.presets else _HERE / "presets.toml"


def table() -> dict[str, Parameter]:
    """Every setting by the name of its variable, in order."""
    hints = get_type_hints(Settings, include_extras=True)
    defaults = Settings()
    return {
        PREFIX + name.upper(): parameter_of(
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=getattr(defaults, name),
                annotation=hints[name],
            )
        )
        for name in Settings.__struct_fields__
    }


def read_settings(environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """The settings of an environment, and what is wrong with its variables one by one: those keep their defaults."""
    known = table()
    strange = [name for name in sorted(environ) if name.startswith(PREFIX) and name not in known]
    problems = [_unknown(name, known) for name in strange if not _CLIENTS.match(name)]
    values: dict[str, Any] = {}
    for variable, setting in known.items():
        if environ.get(variable):
            try:
                values[setting.name] = setting.read(_spaced(environ[variable], setting), step="")
            except BadParameterError:
                problems.append(f"{variable} should be {setting.expected}, not «{environ[variable][:80]}».")
    return Settings(**values), problems


def _spaced(text: str, setting: Parameter) -> str:
    """A list may be written with commas too."""
    return text.replace(",", " ") if setting.many else text


def _unknown(name: str, known: Mapping[str, Parameter]) -> str:
    guess = nearest(name.removeprefix(PREFIX), [other.removeprefix(PREFIX).lower() for other in known])
    return f"{name} is no setting." + (f" Did you mean {PREFIX}{guess.upper()}?" if guess else "")


def as_markdown() -> str:
    """The table of docs/settings.md."""
    rows = [
        f"| `{variable}` | {_kind(setting)} | {_shown(setting.default)} | {setting.description} |"
        for variable, setting in table().items()
    ]
    return "\n".join(["| name | value | default | what it is |", "|---|---|---|---|", *rows]) + "\n"


def _kind(setting: Parameter) -> str:
    if setting.kind is str:
        return "a list" if setting.many else "text"
    return setting.expected


def _shown(default: Any) -> str:
    if default is None or default == ():
        return "unset"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
