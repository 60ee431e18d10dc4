"""Rules: which objects become which. Read from one TOML file, checked whole at start.

python -m functions.rules check rules.toml gs://in/a.jpg      says what would happen, and does nothing
"""

from functions.rules.model import Planned, Rule, Rules, Target

__all__ = ["Planned", "Rule", "Rules", "Target"]
