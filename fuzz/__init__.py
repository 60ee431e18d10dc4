"""Fuzzing by atheris: bytes into the codecs, text into the grammar. Any exception but a DarkroomError is a crash."""
