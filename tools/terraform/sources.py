"""Our rules about how the modules are written, from their parsed HCL: what holds however a run is set up."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from service.settings import Settings

SETTING = re.compile(r"\bDARKROOM_[A-Z0-9_]*[A-Z0-9]\b")
_BASIC = re.compile(r"roles/(owner|editor|viewer)\b|AdministratorAccess|PowerUserAccess")
_CREDENTIALS = {"credentials", "access_token", "access_key", "secret_key", "token", "shared_credentials_files"}
_KEY_KINDS = ("google_service_account_key", "google_storage_hmac_key", "aws_iam_access_key", "aws_iam_user")


class Source(NamedTuple):
    """A file and its blocks."""

    path: Path
    blocks: dict[str, Any]


def sources(infra: Path) -> list[Source]:
    """Every .tf file below a folder, parsed."""
    import hcl2

    found = []
    for path in sorted(infra.rglob("*.tf")):
        with path.open() as file:
            found.append(Source(path, hcl2.load(file)))
    return found


def problems(infra: Path) -> Iterator[str]:
    """What is wrong, a sentence each."""
    for source in sources(infra):
        where = source.path.relative_to(infra)
        for one in [*_variables(source), *_outputs(source), *_providers(source), *_resources(source)]:
            yield f"{where}: {one}"
        for one in _text(source.path.read_text()):
            yield f"{where}: {one}"


def _named(source: Source, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Blocks with one label."""
    for one in source.blocks.get(kind, []):
        for name, body in one.items():
            if not name.startswith("__"):
                yield name.strip('"'), body


def declared(source: Source, kind: str = "resource") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(type, name, body) of every resource, or data source."""
    for one in source.blocks.get(kind, []):
        for type_, named in one.items():
            for name, body in named.items() if isinstance(named, dict) else ():
                if not name.startswith("__"):
                    yield type_.strip('"'), name.strip('"'), body


def _variables(source: Source) -> Iterator[str]:
    for name, body in _named(source, "variable"):
        for part in ("type", "description"):
            if part not in body:
                yield f"the variable {name} has no {part}"


def _outputs(source: Source) -> Iterator[str]:
    for name, body in _named(source, "output"):
        if "description" not in body:
            yield f"the output {name} has no description"


def _providers(source: Source) -> Iterator[str]:
    for name, body in _named(source, "provider"):
        for part in _CREDENTIALS & set(body):
            yield f"the provider {name} is given {part}: credentials come from the environment"


def _resources(source: Source) -> Iterator[str]:
    for type_, name, body in declared(source):
        if type_ in _KEY_KINDS:
            yield f"{type_}.{name} is a key that can be copied"
        if type_ == "google_pubsub_subscription" and "push_config" in body:
            yield from _missing(f"{type_}.{name}", body, ("dead_letter_policy", "retry_policy", "ack_deadline_seconds"))
        if type_ == "aws_lambda_function":
            yield from _missing(f"{type_}.{name}", body, ("reserved_concurrent_executions", "timeout"))
        if type_ == "aws_lambda_event_source_mapping":
            yield from _missing(f"{type_}.{name}", body, ("function_response_types", "scaling_config"))
        if type_ == "google_storage_bucket":
            yield from _missing(f"{type_}.{name}", body, ("public_access_prevention", "uniform_bucket_level_access"))


def _missing(name: str, body: dict[str, Any], parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        if part not in body:
            yield f"{name} has no {part}"


def _text(text: str) -> Iterator[str]:
    known = {f"DARKROOM_{name.upper()}" for name in Settings.__struct_fields__}
    for name in sorted(set(SETTING.findall(text)) - known):
        yield f"{name} is no setting"
    if found := _BASIC.search(text):
        yield f"{found[0]} is too broad a role"
