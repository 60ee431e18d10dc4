"""Keys, tokens and sessions: who a caller is, what it may do, and how much of it."""
