"""The rules of core/planner."""
