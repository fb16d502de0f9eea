"""Tests of an image: what is in it, how it is configured, and what its programs do.

Checks (`checks`) come from the fields of a target or from a file for Google's
container-structure-test (`structure_file`). `check_main` makes them on an image's layers and
config, and reports each that fails.
"""
