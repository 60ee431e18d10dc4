"""From the steps that were asked for to the steps that are run: one file a rule, `rules.py` puts them together."""
