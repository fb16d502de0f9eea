"""Fetching files by content: from whatever mirror has them, trusted because of their digest."""
