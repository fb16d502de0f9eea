"""Requests to registries."""
