"""Pulling images."""
