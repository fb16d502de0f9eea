"""Credentials and authorization."""
