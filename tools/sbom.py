"""The software bill of materials of the server: every package that requirements.txt installs, in CycloneDX's JSON.

python -m tools.sbom      prints it

Two runs of one commit print the same: its serial number is made of the lock, its time is SOURCE_DATE_EPOCH.
https://cyclonedx.org/docs/1.6/json/
"""

import os
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import distribution

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from functions import VERSION
from tools.locked import ROOT, Pinned, licence, pinned

LOCK = "requirements.txt"
_OURS = "https://github.com/darkroom"
_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
"""The image's system; its Python is the one that runs this."""


def bill() -> Bom:
    """The bill of materials. PackageNotFoundError if the lock is not installed here."""
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{_OURS}/{VERSION}/{(ROOT / LOCK).read_text()}"))
    bom.metadata.timestamp = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    server = Component(
        name="darkroom", version=VERSION, type=ComponentType.APPLICATION, bom_ref="darkroom",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )  # fmt: skip
    bom.metadata.component = server
    components = {one.name: _component(one) for one in pinned(LOCK, _LINUX)}
    bom.components.update(components.values())
    for name, component in components.items():
        bom.register_dependency(component, [components[other] for other in _requires(name) if other in components])
    bom.register_dependency(server, components.values())
    return bom


def _component(package: Pinned) -> Component:
    purl = PackageURL("pypi", None, package.name, package.version)
    return Component(
        name=package.name, version=package.version, type=ComponentType.LIBRARY, purl=purl, bom_ref=str(purl),
        licenses=[LicenseFactory().make_from_string(licence(package.name).removeprefix("License :: OSI Approved :: "))],
    )  # fmt: skip


def _requires(package: str) -> Iterable[str]:
    """The packages that one needs, extras left out."""
    for line in distribution(package).requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


if __name__ == "__main__":
    sys.stdout.write(JsonV1Dot6(bill()).output_as_string(indent=2) + "\n")
