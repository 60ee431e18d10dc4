"""Moved to functions/jobs/models.py; this path works until 0.3."""

from functions.moved import run

if __name__ == "__main__":
    run("functions.sight.models", "functions.jobs.models")
