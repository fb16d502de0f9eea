"""OCI images: the files at their root, their layers, config, manifest and archive."""
