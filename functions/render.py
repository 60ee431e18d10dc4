"""Moved to functions/jobs/sign.py; this path works until 0.3."""

from functions.moved import run

if __name__ == "__main__":
    run("functions.render", "functions.jobs.sign", dropped="sign")
