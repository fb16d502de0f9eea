"""Lading's launcher for Pants, for repositories without the official one."""
