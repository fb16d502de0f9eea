"""Packages declared as in Nix, and container images made of their closures.

Plain Python: nothing in here imports Pants. `pants-plugins/lading_pants` makes it available in
Pants.
"""
