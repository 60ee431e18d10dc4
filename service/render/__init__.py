"""Rendering by address: what a page's `<img>` or a CDN asks for. `python -m functions.jobs.sign URL` signs a link."""
