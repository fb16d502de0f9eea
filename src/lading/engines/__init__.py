"""docker and podman on this machine."""
