"""A client of image registries (OCI distribution-spec).

Usable by itself: `Puller` of `lading.registry.pull` resolves tags and brings manifests, configs
and blobs, each verified by digest; `Pusher` of `lading.registry.push` writes them, and `publish`
of `lading.registry.publish` whole images to several places.
"""
