"""Rules: which outputs are made from which objects. Read from one TOML file, checked completely at start.

python -m functions.jobs.check rules.toml gs://in/a.jpg      shows what would happen, without doing it
"""

from service.rules.model import PlannedOutput, Rule, RuleOutput, Rules

__all__ = ["PlannedOutput", "Rule", "RuleOutput", "Rules"]
