"""A client of image registries (OCI distribution-spec): the pull side.

Usable by itself: `Puller` of `lading.registry.pull` resolves tags and brings manifests, configs
and blobs, each verified by digest.
"""
