"""Publishing images."""
