"""Compressing layers, to the same bytes everywhere."""
