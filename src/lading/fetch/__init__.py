"""Fetches files by content: from any mirror that has them, trusted because of their digest."""
