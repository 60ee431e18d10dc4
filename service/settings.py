"""Every setting: one line each, read from `DARKROOM_…` variables at start; all invalid ones are reported at once."""

import inspect
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec

from core.errors import BadParameterError, nearest
from core.language.parameters import Parameter, parameter_of
from core.language.values import doc, ranged
from core.limits import Limits
from core.models.model import TASKS, Task
from core.planner.rules import NAMES as RULES

PREFIX = "DARKROOM_"
_HERE = Path(__file__).parent
_CLIENTS = re.compile(r"DARKROOM_(SERVER|KEY|KEY_FILE|TEST_\w+)\Z")
"""Variables of the command-line client and of the tests, which the server ignores."""
_LIMITS = Limits()
_GIB = 1024**3


class SettingsError(ValueError):
    """The server cannot start; `problems` lists everything that is wrong with its settings."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("These settings are invalid:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator can choose. Each field is a setting, declared by its type, default and description."""

    # fmt: off
    auth: Annotated[Literal["none", "keys", "platform"] | None, doc("Authentication: `none` serves everybody, `keys` requires a key or token, `platform` trusts the platform in front; unset, only this machine is served")] = None  # noqa: E501
    keys: Annotated[str | None, doc("File of the keys that `python -m functions.jobs.keys` makes, followed while the server runs; or its content, the JSON itself")] = None  # noqa: E501
    local_writes: Annotated[bool, doc("Whether requests from this machine may store and delete without a key; `make run` sets it")] = False  # noqa: E501
    oidc_issuer: Annotated[str | None, doc("Issuer whose bearer tokens are accepted (OpenID Connect), such as `https://accounts.google.com`; unset, no tokens are")] = None  # noqa: E501
    oidc_audience: Annotated[str | None, doc("Audience (`aud`) that those tokens must have")] = None
    oidc_claim: Annotated[str, doc("Claim of a token that names its scopes: `scope`, `scp`, or such as `realm_access.roles`")] = "scope"  # noqa: E501
    oidc_scopes: Annotated[tuple[str, ...], doc("Which values of that claim give which scope, as pairs such as `photos.edit=write`; unset, the scopes' own names do")] = ()  # noqa: E501
    cors_origins: Annotated[tuple[str, ...], doc("Web origins whose pages may call this server, separated by spaces, or `*` for all")] = ()  # noqa: E501
    assets: Annotated[str | None, doc("Folder of the second pictures that pipelines may name; unset, the shipped one")] = None  # noqa: E501
    fonts: Annotated[str | None, doc("Folder of fonts (`.ttf`, `.otf`) for `text`: characters that the shipped font lacks have the first one that has them, by its name")] = None  # noqa: E501
    placeholder: Annotated[str | None, doc("File of the picture that is shown, through the same steps and with the 404, where the source of a render is missing; unset, the error is")] = None  # noqa: E501
    presets: Annotated[str | None, doc("TOML file of the presets; unset, the shipped one")] = None
    only_presets: Annotated[bool, doc("Whether requests may name one preset and a format, and nothing else: no steps, no options, no second pictures")] = False  # noqa: E501
    preset_formats: Annotated[tuple[str, ...], doc("Formats of results if only presets are allowed, separated by spaces; the first one if neither `format` nor `Accept` chooses")] = ("jpeg", "webp", "avif", "png")  # noqa: E501
    not_negotiated: Annotated[tuple[str, ...], doc("Formats that `Accept` never chooses, separated by spaces; they are written only where `format` names them")] = ()  # noqa: E501
    filters: Annotated[tuple[str, ...], doc("Python packages with custom filters, separated by spaces; imported at start")] = ()  # noqa: E501
    models: Annotated[str | None, doc("TOML file of custom models; they are added to the shipped ones and replace those of the same name")] = None  # noqa: E501
    models_from: Annotated[str | None, doc("Folders with weights, separated by `:`; files are identified by checksum, whatever their names")] = None  # noqa: E501
    data: Annotated[str | None, doc("Folder for downloaded weights and compiled models; unset, `.darkroom` beside main.py; nothing is kept if it is not writable")] = None  # noqa: E501
    model_memory: Annotated[int, ranged(2**20, 256 * _GIB, "Memory limit for the loaded models of one process, bytes; the least recently used are unloaded first")] = _GIB  # noqa: E501
    model_precision: Annotated[Literal["f32", "f16", "bf16"], doc("Precision that models compute with; shorter numbers may be faster, with slightly different results")] = "f32"  # noqa: E501
    model_hint: Annotated[Literal["latency", "throughput"], doc("What OpenVINO optimises for")] = "latency"
    model_batch: Annotated[int, ranged(1, 64, "Most requests of one process that become one run of a network: those that wait for it; 1: none. Dense layers gain, convolutions hardly; loaded models take twice their memory")] = 1  # noqa: E501
    model_batch_delay: Annotated[float, ranged(0, 1, "Longest time that a request waits for others of its batch while the network is free, seconds")] = 0.002  # noqa: E501
    model_device: Annotated[str, doc("OpenVINO device: `CPU`, `GPU`, `NPU`, `AUTO`, or several such as `AUTO:GPU,CPU`")] = "CPU"  # noqa: E501
    model_fetch: Annotated[bool, doc("Whether requests may download missing weights; otherwise only loading, warming and `make models` do")] = False  # noqa: E501
    warm: Annotated[tuple[str, ...], doc("Tasks or models, separated by commas or spaces, to load before `/ready` succeeds")] = ()  # noqa: E501
    detect_model: Annotated[str, doc("The model of `detect` without `model=`")] = "shapes"
    faces_model: Annotated[str, doc("The model of `faces` without `model=`")] = "yunet"
    persons_model: Annotated[str, doc("The model of `persons` without `model=`")] = "person-detection-retail-0013"
    segment_model: Annotated[str, doc("The model of `segment` without `model=`")] = "road-segmentation-adas-0001"
    attributes_model: Annotated[str, doc("The model of `attributes` without `model=`")] = "shape_style"
    classify_model: Annotated[str, doc("The model of `classify` without `model=`")] = "mobilenet_v2"
    planner_off: Annotated[tuple[Literal["header", "join", "luma", "shrink", "soften", "chroma", "table"], ...], doc("Rules of the planner that are not used, separated by commas or spaces, to compare what they make")] = ()  # noqa: E501
    sources: Annotated[tuple[str, ...], doc("Address prefixes that requests may read, separated by spaces, such as `gs://bucket/folder/` or `https://example.com/`; `https://` is the whole public web")] = ()  # noqa: E501
    targets: Annotated[tuple[str, ...], doc("Address prefixes that requests may write to, separated by spaces, such as `s3://bucket/folder/`")] = ()  # noqa: E501
    results: Annotated[str | None, doc("Bucket or address prefix for the server's own objects: uploaded pictures, stored renders and error records")] = None  # noqa: E501
    files: Annotated[str | None, doc("Folder in which `file://bucket/key` is the file `bucket/key`; unset, `file://` is not available")] = None  # noqa: E501
    s3_endpoint: Annotated[str | None, doc("URL of an S3-compatible service other than Amazon's (R2, Ceph, …)")] = None
    s3_region: Annotated[str | None, doc("Region of the S3 buckets; unset, taken from the environment")] = None
    gs_endpoint: Annotated[str | None, doc("URL of a Cloud Storage endpoint other than Google's")] = None
    gs_project: Annotated[str | None, doc("Google Cloud project; unset, taken from the environment")] = None
    signing_key: Annotated[str | None, doc("Secret of at least 32 characters that signs URLs for uploads to `file://` and links to renders and stored pictures; unset, upload URLs are valid until the next start, and links cannot be signed")] = None  # noqa: E501
    signing_key_2: Annotated[str | None, doc("A second signing key, whose links and upload URLs are valid too but which signs nothing: the next one before a rotation, the previous one after it")] = None  # noqa: E501
    rules: Annotated[str | None, doc("TOML file of the rules for objects in buckets; unset, there are none")] = None
    events_auth: Annotated[Literal["oidc", "sns", "platform"] | None, doc("Who may send events to `/events`: `oidc` (push of Pub/Sub and Eventarc, by its tokens), `sns` (signed messages of the topics), `platform` (whoever the platform in front admits); unset, callers with the scope `write`")] = None  # noqa: E501
    events_issuer: Annotated[str, doc("URL of the issuer of those tokens")] = "https://accounts.google.com"
    events_audience: Annotated[str | None, doc("Audience of those tokens; a push subscription uses its endpoint's URL unless another is set")] = None  # noqa: E501
    events_accounts: Annotated[tuple[str, ...], doc("E-mail addresses of the service accounts whose tokens are accepted, separated by spaces")] = ()  # noqa: E501
    events_topics: Annotated[tuple[str, ...], doc("ARNs of the SNS topics whose messages are accepted, separated by spaces")] = ()  # noqa: E501
    event_attempts: Annotated[int, ranged(1, 1000, "Deliveries after which an event is given up and recorded")] = 10
    event_seconds: Annotated[float, ranged(1, 10_000_000, "Age at which an event is given up if its deliveries are not counted, seconds")] = 21_600.0  # noqa: E501
    watch: Annotated[str | None, doc("Bucket of `file://` to watch, such as `file://inbox`: each file dropped into its folder is an event")] = None  # noqa: E501
    catalog: Annotated[Literal["sqlite", "mongo", "none"] | None, doc("Database of the stored pictures; unset, `none` in a cloud and `sqlite` elsewhere")] = None  # noqa: E501
    mongo: Annotated[str | None, doc("URL of the MongoDB server, for `catalog=mongo`")] = None
    platform: Annotated[Literal["none", "cloud-run", "lambda", "http-api"] | None, doc("Platform whose limits of bodies and answers hold; unset, `cloud-run` or `lambda` where their environment says so; `http-api` is Amazon's in front of a container")] = None  # noqa: E501
    log_level: Annotated[Literal["debug", "info", "warning", "error"], doc("Minimum severity that is logged")] = "info"
    log_format: Annotated[Literal["text", "json", "google", "aws"] | None, doc("How log lines are written: `text` for people, `json` in names of our own, `google` in those of Cloud Logging, `aws` in those of Lambda; unset, by the platform, and `text` where the log is a terminal")] = None  # noqa: E501
    metrics: Annotated[bool | None, doc("Whether the server counts what it does for Prometheus, at `/metrics`; unset, everywhere but on Cloud Run and Lambda, whose instances nobody can scrape")] = None  # noqa: E501
    metrics_port: Annotated[int | None, ranged(1, 65535, "Port of the same host on which `/metrics` is served as well, and nothing else, to whoever reaches it; unset, there is none")] = None  # noqa: E501
    traces: Annotated[bool, doc("Whether each request and event is traced by OpenTelemetry and sent by OTLP/HTTP; its own variables, such as `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_TRACES_SAMPLER`, say where to and which")] = False  # noqa: E501
    traces_flush: Annotated[bool | None, doc("Whether a trace is sent before its answer; unset, on Cloud Run and Lambda, whose CPU stops with the answer unless it is always allocated")] = None  # noqa: E501
    host: Annotated[str, doc("Address that `python main.py` and the container listen on")] = "127.0.0.1"
    workers: Annotated[int, ranged(0, 256, "Processes of `python main.py` and the container; 0: one per core")] = 0
    threads: Annotated[int, ranged(2, 1024, "Requests that one process reads and answers at a time; those that wait for a client's bytes count, idle connections do not; if another server runs `main:app`, as many as that does")] = 128  # noqa: E501
    at_once: Annotated[int, ranged(0, 256, "Requests that all processes of a container compute at a time; 0: one per core")] = 0  # noqa: E501
    queue: Annotated[int | None, ranged(0, 1000, "Requests that may wait in a container, over all its processes; further ones get a 429; unset, as many as compute at a time")] = None  # noqa: E501
    queue_seconds: Annotated[float, ranged(0, 300, "Longest wait for a free core and for memory, seconds; then a 429")] = 10.0  # noqa: E501
    streams: Annotated[int, ranged(0, 4096, "Web sockets of `/v1/stream` that one process holds; 0: none")] = 256
    stream_frame_bytes: Annotated[int, ranged(1024, 256 * 2**20, "Largest frame of a stream, bytes")] = 4 * 2**20
    stream_seconds: Annotated[float, ranged(1, 86_400, "Longest time of a stream, seconds")] = 3600.0
    stream_idle_seconds: Annotated[float, ranged(0.5, 3600, "Longest time without a whole frame, after which a stream is closed, seconds")] = 30.0  # noqa: E501
    stream_send_seconds: Annotated[float, ranged(0.5, 300, "Longest time in which a client must have read the answer to a frame, seconds")] = 10.0  # noqa: E501
    max_body_bytes: Annotated[int, ranged(1, 16 * _GIB, "Largest request body, bytes")] = _LIMITS.body_bytes
    max_upload_bytes: Annotated[int, ranged(1, 16 * _GIB, "Largest upload to a signed URL, bytes")] = 256 * 2**20
    max_pixels: Annotated[int, ranged(1, 2**30, "Maximum pixels of a picture, read or produced")] = _LIMITS.pixels
    max_side: Annotated[int, ranged(1, 65535, "Maximum side of a picture, read or produced, pixels")] = _LIMITS.side
    max_frames: Annotated[int, ranged(1, 100_000, "Maximum frames of an animation")] = _LIMITS.frames
    max_frame_pixels: Annotated[int, ranged(1, 2**34, "Maximum pixels over all frames of an animation")] = _LIMITS.frame_pixels  # noqa: E501
    max_steps: Annotated[int, ranged(1, 1000, "Maximum steps of a pipeline")] = _LIMITS.steps
    max_outputs: Annotated[int, ranged(1, 256, "Maximum outputs of one request")] = _LIMITS.outputs
    max_seconds: Annotated[float, ranged(0.001, 3600, "Maximum time of one request, seconds; then a 504")] = _LIMITS.seconds  # noqa: E501
    max_work: Annotated[float, ranged(0.001, 3600, "Maximum work of one request, core-seconds, as decoders, filters and encoders declare it")] = _LIMITS.work  # noqa: E501
    max_memory: Annotated[int, ranged(2**20, 256 * _GIB, "Maximum memory of one request, bytes, as decoders, filters and encoders declare it")] = _LIMITS.memory  # noqa: E501
    # fmt: on

    def limits(self) -> Limits:
        """The limits of one request: the settings named `max_…`."""
        return Limits(**{name: getattr(self, f"max_{name}") for name in Limits.__struct_fields__})

    def rules_of_planner(self) -> frozenset[str]:
        """The rules that are used."""
        return RULES - {*self.planner_off}

    def assets_folder(self) -> Path:
        """Folder of the second pictures."""
        return Path(self.assets) if self.assets else _HERE / "assets"

    def fonts_folder(self) -> Path | None:
        """Folder of the operator's fonts."""
        return Path(self.fonts) if self.fonts else None

    def signing_keys(self) -> tuple[str, ...]:
        """The keys whose signatures are valid; the first one signs."""
        return tuple(key for key in (self.signing_key, self.signing_key_2) if key)

    def models_folders(self) -> list[Path]:
        """Folders in which the operator keeps weights."""
        return [Path(folder) for folder in (self.models_from or "").split(os.pathsep) if folder]

    def data_folder(self) -> Path:
        """Folder of downloaded weights, compiled models and the SQLite catalog."""
        return Path(self.data) if self.data else _HERE.parent / ".darkroom"

    def default_models(self) -> dict[Task, str]:
        """The model of each task if a pipeline names none."""
        return {task: getattr(self, f"{task}_model") for task in TASKS}

    def resolve_model(self, name: str) -> str:
        """The model for a name: a task stands for its default model, any other name for itself."""
        return str(getattr(self, f"{name}_model")) if name in TASKS else name

    def presets_file(self) -> Path:
        """File of the presets."""
        return Path(self.presets) if self.presets else _HERE / "presets.toml"


@cache
def table() -> Mapping[str, Parameter]:
    """Every setting by the name of its variable, in order of declaration."""
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
    """The settings of an environment, and the problems of its variables; invalid ones keep their defaults."""
    known = table()
    unknown = [name for name in sorted(environ) if name.startswith(PREFIX) and name not in known]
    problems = [_unknown(name, known) for name in unknown if not _CLIENTS.match(name)]
    values: dict[str, Any] = {}
    for variable, setting in known.items():
        if environ.get(variable):
            try:
                values[setting.name] = setting.read(_spaced(environ[variable], setting), step="")
            except BadParameterError:
                problems.append(f'{variable} should be {setting.expected}, not "{environ[variable][:80]}".')
    return Settings(**values), problems


def _spaced(text: str, setting: Parameter) -> str:
    """A list may also be written with commas."""
    return text.replace(",", " ") if setting.many else text


def _unknown(name: str, known: Mapping[str, Parameter]) -> str:
    guess = nearest(name.removeprefix(PREFIX), [other.removeprefix(PREFIX).lower() for other in known])
    return f"{name} is not a setting." + (f" Did you mean {PREFIX}{guess.upper()}?" if guess else "")


def as_markdown() -> str:
    """The table of docs/settings.md."""
    rows = [
        f"| `{variable}` | {_kind(setting)} | {_shown(setting.default)} | {setting.description} |"
        for variable, setting in table().items()
    ]
    return "\n".join(["| name | value | default | description |", "|---|---|---|---|", *rows]) + "\n"


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
