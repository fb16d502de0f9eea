"""HTTP for all downloads and registries: retries, redirects, limits."""
