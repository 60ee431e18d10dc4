"""Presets: named pipelines from a TOML file, each checked at start."""

import tomllib
from pathlib import Path

from core.errors import BadRequestError
from core.language.values import PictureName
from core.pipeline import Pipeline
from service.settings import SettingsError


def load_presets(file: Path, *, check: bool = True) -> dict[str, str]:
    """Pipelines by name. SettingsError lists every invalid preset, unless `check` is off."""
    try:
        presets = tomllib.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SettingsError([f"DARKROOM_PRESETS cannot be read: {error}"]) from None
    problems = [problem for name, text in presets.items() if check and (problem := _problem(name, text))]
    if problems:
        raise SettingsError(problems)
    return presets


def _problem(name: str, text: object) -> str | None:
    if not isinstance(text, str):
        return f'The preset "{name}" is not a string.'
    try:
        PictureName.parse(name)
        Pipeline.parse(text)
    except ValueError:
        return f'The preset "{name}" has a name that cannot be used in a pipeline.'
    except BadRequestError as error:
        return f'The preset "{name}" is invalid: {error.detail}'
    return None
