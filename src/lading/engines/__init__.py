"""docker and podman, where they are on this machine."""
