"""Events: hints that an object's key has changed, and what is done about them. See docs/buckets.md."""
