"""What rules are, once they were read: patterns, and what is made of what they match."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from core.codecs import FORMATS, EncodeOptions
from core.pipeline import Pipeline
from core.process import JSON
from service.negotiation import JSON_TYPE, own_format_of
from service.rules.globs import Glob
from service.rules.template import Template, parts_of
from storage.address import Address

_BY_SUFFIX = {suffix: known for known in FORMATS.values() for suffix in known.extensions}


class RuleOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One output of a rule. `format` is None where the key's own extension settles it."""

    name: str
    pipeline: Pipeline
    format: str | None
    options: EncodeOptions
    to: Template
    metadata: Mapping[str, str] = {}
    cache_control: str = ""

    def settled(self, key: str) -> str:
        """The format of the output of a key, known without its bytes."""
        return self.format or written_as(self.to.suffix) or own_format_by_suffix(parts_of(key)["suffix"])


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the objects that `when` matches. `max_bytes` is the longest source that is read."""

    name: str
    when: Glob
    targets: tuple[RuleOutput, ...]
    on_delete: Literal["remove", "keep"] = "remove"
    max_bytes: int | None = None


class PlannedOutput(msgspec.Struct, frozen=True):
    """One output of one source: where it goes, and as what."""

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
    """All rules. `warnings` are sentences about what may go wrong; `most` is how many outputs a source may have."""

    rules: tuple[Rule, ...] = ()
    warnings: tuple[str, ...] = ()
    most: int = 16

    def matching(self, address: Address) -> list[Rule]:
        """The rules that an object falls under."""
        return [rule for rule in self.rules if rule.when.matches(address)]

    def plan(self, address: Address) -> list[PlannedOutput]:
        """Every output of a source. BadAddressError where its key gives no address for one."""
        return [_planned(rule, target, address.key) for rule in self.matching(address) for target in rule.targets]

    def most_bytes(self, address: Address, limit: int) -> int:
        """The longest source that is read under this address, bytes."""
        return min([limit, *(rule.max_bytes for rule in self.matching(address) if rule.max_bytes)])


def _planned(rule: Rule, target: RuleOutput, key: str) -> PlannedOutput:
    settled = target.settled(key)
    return PlannedOutput(rule, target, target.to.fill(key, target.name, extension(settled)), settled)


def extension(name: str) -> str:
    """The usual extension of a format."""
    return JSON if name == JSON else FORMATS[name].extension


def written_as(suffix: str) -> str | None:
    """The format that an extension names, where we write it."""
    known = _BY_SUFFIX.get(suffix)
    return JSON if suffix == JSON else known.name if known and known.writes else None


def own_format_by_suffix(suffix: str) -> str:
    """The format of a result whose rule names none: the source's own where we write it, by its name."""
    return own_format_of(_BY_SUFFIX.get(suffix.lower()))
