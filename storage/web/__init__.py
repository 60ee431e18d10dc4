"""Fetching from the web: name lookup, the guard before every connection, requests."""
