"""Checks that no single setting can make: contradictions, missing files and folders, custom filters."""

import re
from collections.abc import Mapping

from core import registry
from core.imaging import fonts
from service import stores
from service.cataloging import CLOUDS
from service.events.senders import sender_problems
from service.keys.checks import keys_problems
from service.models import setup
from service.options import formats
from service.settings import PREFIX, Settings, SettingsError, read_settings

_ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]+\Z|\*\Z")
_DEVICE = re.compile(r"[A-Z]+(\.\d+)?(:[A-Z0-9.,-]+)?\Z")


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment, checked. SettingsError lists every problem."""
    settings, problems = read_settings(environ)
    problems += settings_problems(settings, environ)
    if problems:
        raise SettingsError(problems)
    return settings


def settings_problems(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Problems of the settings taken together, one sentence each."""
    problems = [
        f'{PREFIX}CORS_ORIGINS: "{origin}" is not an origin such as https://example.com.'
        for origin in settings.cors_origins
        if not _ORIGIN.match(origin)
    ]
    cloud = next((name for name in CLOUDS if environ.get(name)), None)
    if settings.auth is None and cloud:
        problems.append(
            f"{PREFIX}AUTH must be set in a cloud ({cloud} is set): "
            "`platform` if the platform authenticates callers, `none` to serve everybody."
        )
    problems += keys_problems(settings)
    problems += [
        f'{PREFIX}NOT_NEGOTIATED: "{name[:40]}" is not one of {", ".join(formats())}.'
        for name in settings.not_negotiated
        if name not in formats()
    ]
    problems += [f"{PREFIX}FILTERS: {why}" for why in map(_filters_problem, settings.filters) if why]
    if not settings.assets_folder().is_dir():
        problems.append(f"{PREFIX}ASSETS is not a folder.")
    problems += fonts_problems(settings)
    if not settings.presets_file().is_file():
        problems.append(f"{PREFIX}PRESETS is not a file.")
    if not _DEVICE.match(settings.model_device):
        problems.append(
            f'{PREFIX}MODEL_DEVICE: "{settings.model_device[:80]}" is not a device such as CPU or AUTO:GPU,CPU.'
        )
    return [
        *problems,
        *setup.model_problems(settings),
        *stores.storage_problems(settings),
        *sender_problems(settings),
    ]


def fonts_problems(settings: Settings) -> list[str]:
    """Whether the folder of fonts is there and has any that can be read."""
    folder = settings.fonts_folder()
    if folder is None:
        return []
    if not folder.is_dir():
        return [f"{PREFIX}FONTS is not a folder."]
    files = fonts.files_of(folder)
    unread = [path.name for path in files if not fonts.is_font(path)]
    if not files:
        return [f"{PREFIX}FONTS holds no file named .ttf or .otf."]
    return [f'{PREFIX}FONTS: "{name[:80]}" is not a font with outlines.' for name in unread[:10]]


def _filters_problem(package: str) -> str | None:
    """Register a package's filters; the problem if that failed, else None."""
    try:
        registry.load_package(package)
    except registry.DuplicateFilterError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - importing runs the operator's code
        return f'"{package}" cannot be imported ({type(error).__name__}: {error}).'
    return None
