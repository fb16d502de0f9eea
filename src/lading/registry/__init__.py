"""A client of image registries (OCI distribution-spec).

It can be used on its own: `Puller` of `lading.registry.pull.pull` resolves tags and fetches
manifests, configs and blobs, each verified by digest; `Pusher` of `lading.registry.push.push`
writes them, and `publish` of `lading.registry.push.publish` pushes whole images to several places.
"""
