"""The sandbox programs that make images."""
