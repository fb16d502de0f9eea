"""Following maintainer scripts."""
