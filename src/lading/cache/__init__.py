"""Trees of files that are unpacked once a machine, and verified."""
