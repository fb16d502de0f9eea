"""Packages declared as Nix declares them, and container images made of their closures.

Plain Python: nothing in here imports Pants. `pants-plugins/lading_pants` is the thin layer
that lets Pants call it.
"""
