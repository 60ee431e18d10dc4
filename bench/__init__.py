"""Benchmarks: ratios to a plain loop in the same run, memory against what filters declare. Nothing here is a test."""
