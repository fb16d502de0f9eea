"""OCI images: what lies in their root, their layers, config, manifest and archive."""
