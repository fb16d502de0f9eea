"""The config of an image."""
