"""Presets only (`DARKROOM_ONLY_PRESETS`): a request names one preset and at most a format, and nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from service.errors import OnlyPresetsError
from service.negotiation import preferences, ranked_formats
from service.options import formats
from service.settings import Settings

_STEP = "preset:"


class OnlyPresets(msgspec.Struct, frozen=True):
    """The presets by name, and the formats of results; the first one is the default."""

    presets: Mapping[str, str]
    formats: tuple[str, ...]

    def restrict(
        self, places: Iterable[Mapping[str, Any]], pictures: Iterable[str], accept: str, usual: str | None = None
    ) -> dict[str, Any]:
        """The options of a request: its preset, and a format of the list, which `Accept` may choose.

        `places` hold all options as they were sent, `pictures` the names of second pictures, `usual` is the route's own
        format. OnlyPresetsError (403) for anything but one preset and one format, each in one place, spelled exactly.
        """
        given = [(name, value) for place in places for name, value in place.items()]
        names = [name for name, _ in given]
        for name in [*pictures, *names]:
            if name not in {"pipeline", "format"} or names.count(name) > 1:
                raise self._refusal(name)
        named = dict(given)
        pipeline, chosen = named.get("pipeline"), named.get("format")
        if not isinstance(pipeline, str) or not pipeline.startswith(_STEP):
            raise self._refusal("pipeline")
        if pipeline.removeprefix(_STEP) not in self.presets:
            raise self._refusal("pipeline")
        if chosen is not None and chosen not in self.formats:
            raise self._refusal("format")
        return {"pipeline": pipeline, "format": chosen or self._format(accept, usual)}

    def _format(self, accept: str, usual: str | None) -> str:
        if usual in self.formats:
            return str(usual)
        ranked = (known.name for known in ranked_formats(preferences(accept), moves=False))
        return next((name for name in ranked if name in self.formats), self.formats[0])

    def _refusal(self, name: str) -> OnlyPresetsError:
        known, allowed = ", ".join(sorted(self.presets)), ", ".join(self.formats)
        return OnlyPresetsError(
            f'This server takes one preset, as in pipeline=preset:NAME with one of {known}, and a format of {allowed}; '
            f'"{name[:80]}" is something else, or given twice.',
            parameter=name[:80],
        )  # fmt: skip


def only_presets(settings: Settings, presets: Mapping[str, str]) -> OnlyPresets | None:
    """The restriction of these settings; None if any pipeline is allowed."""
    return OnlyPresets(presets, settings.preset_formats) if settings.only_presets else None


def only_presets_problems(settings: Settings, presets: Mapping[str, str]) -> list[str]:
    """Problems of the settings, one sentence each."""
    if not settings.only_presets:
        return []
    unknown = [name for name in settings.preset_formats if name not in formats()]
    problems = [f'DARKROOM_PRESET_FORMATS: "{name[:40]}" is not one of {", ".join(formats())}.' for name in unknown]
    if not settings.preset_formats:
        problems.append("DARKROOM_PRESET_FORMATS needs at least one format.")
    if not presets:
        problems.append("DARKROOM_ONLY_PRESETS needs presets, and DARKROOM_PRESETS has none.")
    return problems
