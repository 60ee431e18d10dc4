"""The models of a server: setup, weights, downloads and warmup."""
