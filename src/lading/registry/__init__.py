"""A client of image registries (OCI distribution-spec).

Usable by itself: `Puller` of `lading.registry.pull.pull` resolves tags and fetches manifests,
configs and blobs, each verified by digest; `Pusher` of `lading.registry.push.push` writes them, and
`publish` of `lading.registry.push.publish` whole images to several places.
"""
