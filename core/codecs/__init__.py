"""Pictures in and out: bytes to `Picture`s and back. One file a family of formats; nothing here trusts a name or header."""
