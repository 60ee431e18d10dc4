"""The model of rules: patterns, and the outputs of the objects they match."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from core.codecs import FORMATS, EncodeOptions
from core.output import JSON
from core.pipeline import Pipeline
from service.negotiation import JSON_TYPE, own_format_of
from service.rules.globs import Glob
from service.rules.template import Template, parts_of
from storage.address import Address

_FORMATS_BY_SUFFIX = {suffix: known for known in FORMATS.values() for suffix in known.extensions}


class RuleOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One output of a rule. `format` is None if the key's extension determines it."""

    name: str
    pipeline: Pipeline
    format: str | None
    options: EncodeOptions
    to: Template
    metadata: Mapping[str, str] = {}
    cache_control: str = ""

    def format_of(self, key: str) -> str:
        """The format of the output for a key, known without reading the source."""
        return self.format or writable_format(self.to.suffix) or own_format_by_suffix(parts_of(key)["suffix"])


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """The outputs of the objects that `when` matches. `max_bytes` is the largest source that is read."""

    name: str
    when: Glob
    targets: tuple[RuleOutput, ...]
    on_delete: Literal["remove", "keep"] = "remove"
    max_bytes: int | None = None


class PlannedOutput(msgspec.Struct, frozen=True):
    """One output of one source: its address and format."""

    rule: Rule
    target: RuleOutput
    address: Address
    format: str

    @property
    def extension(self) -> str:
        """The extension of its format."""
        return extension(self.format)

    @property
    def media_type(self) -> str:
        """The content type of its format."""
        return JSON_TYPE if self.format == JSON else FORMATS[self.format].media_type


class Rules(msgspec.Struct, frozen=True):
    """All rules. `warnings` are sentences about possible conflicts; `max_outputs` limits the outputs per source."""

    rules: tuple[Rule, ...] = ()
    warnings: tuple[str, ...] = ()
    max_outputs: int = 16

    def matching(self, address: Address) -> list[Rule]:
        """The rules that match an object."""
        return [rule for rule in self.rules if rule.when.matches(address)]

    def buckets(self) -> set[tuple[str, str]]:
        """Scheme and name of every bucket that a rule takes objects from."""
        return {(rule.when.scheme, rule.when.bucket) for rule in self.rules}

    def plan(self, address: Address) -> list[PlannedOutput]:
        """Every output of a source. BadAddressError if one would have an invalid address."""
        return [_planned(rule, target, address.key) for rule in self.matching(address) for target in rule.targets]

    def max_bytes(self, address: Address, limit: int) -> int:
        """The largest source that is read at this address, bytes."""
        return min([limit, *(rule.max_bytes for rule in self.matching(address) if rule.max_bytes)])


def _planned(rule: Rule, target: RuleOutput, key: str) -> PlannedOutput:
    format_ = target.format_of(key)
    return PlannedOutput(rule, target, target.to.fill(key, target.name, extension(format_)), format_)


def extension(name: str) -> str:
    """The usual file extension of a format."""
    return JSON if name == JSON else FORMATS[name].extension


def writable_format(suffix: str) -> str | None:
    """The writable format that an extension names, or None."""
    known = _FORMATS_BY_SUFFIX.get(suffix)
    return JSON if suffix == JSON else known.name if known and known.writes else None


def own_format_by_suffix(suffix: str) -> str:
    """The format of an output whose rule names none: the source's own, by its extension, if it can be written."""
    return own_format_of(_FORMATS_BY_SUFFIX.get(suffix.lower()))
