"""Compresses layers, with the same result everywhere."""
