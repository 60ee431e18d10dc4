"""Rules: which objects become which. Read from one TOML file, checked whole at start.

python -m functions.jobs.check rules.toml gs://in/a.jpg      says what would happen, and does nothing
"""

from service.rules.model import PlannedOutput, Rule, RuleOutput, Rules

__all__ = ["PlannedOutput", "Rule", "RuleOutput", "Rules"]
