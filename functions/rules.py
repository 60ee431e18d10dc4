"""Moved to functions/jobs/check.py; this path works until 0.3."""

from functions.moved import run

if __name__ == "__main__":
    run("functions.rules", "functions.jobs.check", dropped="check")
