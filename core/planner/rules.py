"""All rules, in the order in which they are tried."""

from collections.abc import Collection
from functools import cache, lru_cache

import msgspec

from core.picture import Origin
from core.pipeline import Pipeline
from core.planner.decoding import CHROMA, HEADER, LUMA
from core.planner.executable import Executable, Rewrite
from core.planner.joining import JOIN
from core.planner.shrink import SHRINK
from core.planner.soften import SOFTEN
from core.planner.tables import TABLE

RULES: tuple[Rewrite, ...] = (HEADER, JOIN, LUMA, SHRINK, SOFTEN, CHROMA, TABLE)
NAMES = frozenset(rule.name for rule in RULES)


_KNOWN, _SHORT = 256, 4096
"""How many executables are kept, and of how long pipelines and profiles, characters and bytes."""


def executable(pipeline: Pipeline, origin: Origin, rules: Collection[str] = NAMES, *, image: bool = True) -> Executable:
    """The steps as they are run on a source, by the rules of these names; errors are those of the steps' geometry.

    It depends on nothing but the source's header and one output: so do the result's bytes. `image` says that a picture
    is encoded. The last ones are kept: most requests are for one of a few pipelines, and pictures of one camera.
    """
    header = msgspec.structs.replace(origin, nbytes=0, exif=None, xmp=None, iptc=None, gain_map=None)
    is_short = len(pipeline.canonical) <= _SHORT and len(header.icc or b"") <= _SHORT
    made = _kept if is_short else _made
    return made(pipeline, header, frozenset(rules), image)


def _made(pipeline: Pipeline, origin: Origin, rules: frozenset[str], image: bool) -> Executable:
    made = Executable(pipeline, image)
    for rule in RULES:
        if rule.name in rules:
            made = rule.apply(made, origin)
    return made


_kept = lru_cache(_KNOWN)(_made)


@cache
def approximate(rules: Collection[str] = NAMES) -> dict[str, int]:
    """The revision of each rule of these names that may change pixels, for the digest."""
    return {rule.name: rule.revision for rule in RULES if not rule.exact and rule.name in rules}
