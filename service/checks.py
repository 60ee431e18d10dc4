"""What no single setting shows: contradictions, absent files and folders, filters of one's own."""

import re
from collections.abc import Mapping

from core import registry
from service import stores
from service.cataloging import CLOUDS
from service.models import setup
from service.settings import PREFIX, Settings, SettingsError, read_settings

_ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]+\Z|\*\Z")
_DEVICE = re.compile(r"[A-Z]+(\.\d+)?(:[A-Z0-9.,-]+)?\Z")


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment, checked. SettingsError names all that is wrong with them."""
    settings, found = read_settings(environ)
    found += settings_problems(settings, environ)
    if found:
        raise SettingsError(found)
    return settings


def settings_problems(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """What is wrong with the settings together, a sentence each."""
    found = [
        f"{PREFIX}CORS_ORIGINS: «{origin}» is no origin such as https://example.com."
        for origin in settings.cors_origins
        if not _ORIGIN.match(origin)
    ]
    cloud = next((name for name in CLOUDS if environ.get(name)), None)
    if settings.auth is None and cloud:
        found.append(
            f"{PREFIX}AUTH must be chosen in a cloud ({cloud} is set): "
            "`platform` where the platform asks who calls, `none` to serve everybody."
        )
    if settings.auth == "keys":
        found.append(f"{PREFIX}AUTH=keys is not available in this version; choose `none` or `platform`.")
    found += [f"{PREFIX}FILTERS: {why}" for why in map(_filters_problem, settings.filters) if why]
    if not settings.assets_folder().is_dir():
        found.append(f"{PREFIX}ASSETS is no folder.")
    if not settings.presets_file().is_file():
        found.append(f"{PREFIX}PRESETS is no file.")
    if not _DEVICE.match(settings.model_device):
        found.append(f"{PREFIX}MODEL_DEVICE: «{settings.model_device[:80]}» is no device such as CPU or AUTO:GPU,CPU.")
    return [*found, *setup.model_problems(settings), *stores.storage_problems(settings)]


def _filters_problem(package: str) -> str | None:
    """Register a package's filters; why that failed, or None."""
    try:
        registry.load_package(package)
    except Exception as error:  # noqa: BLE001 - importing runs the operator's own code
        return f"«{package}» cannot be imported ({type(error).__name__}: {error})."
    return None
