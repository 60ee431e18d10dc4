"""Who sends a request, as far as it is proven by a key or a token: no web framework here."""
