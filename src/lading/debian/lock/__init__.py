"""Locks of Debian packages."""
