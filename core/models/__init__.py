"""Models: the manifest's tables, the lazily compiled runtime, and one decoder an output layout."""

from core.models.manifest import Manifest, ManifestError, Model, WeightsFile
from core.models.prediction import Classes, ClassMap, Detections

__all__ = ["ClassMap", "Classes", "Detections", "Manifest", "ManifestError", "Model", "WeightsFile"]
