"""HTTP as all that fetch it: retries, redirects, limits."""
