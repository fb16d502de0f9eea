"""Debian packages as files: reading, unpacking, build roots."""
