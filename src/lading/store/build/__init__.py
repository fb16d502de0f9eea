"""Building store packages in the sandbox."""
