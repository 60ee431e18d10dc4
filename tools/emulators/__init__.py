"""Servers as real processes on loopback, for tests: built or installed once by version, started on a free port."""
