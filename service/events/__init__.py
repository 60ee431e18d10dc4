"""Events: notifications that an object may have changed, and their processing. See docs/buckets.md."""
