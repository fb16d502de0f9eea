"""The files at / of an image."""
