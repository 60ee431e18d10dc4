"""Moved to functions/jobs/sweep.py; this path works until 0.3."""

from functions.moved import run

if __name__ == "__main__":
    run("functions.sweep", "functions.jobs.sweep")
