"""Trees of files that are unpacked and verified, once per machine."""
