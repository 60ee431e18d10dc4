"""Processes that a test may lose: forked from one without threads, in which what they need is imported already."""

import multiprocessing

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.storage.killed", "tests.service.images.killed", "tests.core.models.cut"])
