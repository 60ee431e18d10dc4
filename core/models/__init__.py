"""Models: the manifest's tables, the lazily compiled runtime, and one decoder for each output layout."""

from core.models.manifest import Manifest, ManifestError
from core.models.model import Model, WeightsFile
from core.models.prediction import Classification, ClassMap, Detections

__all__ = ["ClassMap", "Classification", "Detections", "Manifest", "ManifestError", "Model", "WeightsFile"]
