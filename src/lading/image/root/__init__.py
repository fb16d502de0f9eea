"""What lies at / of an image."""
