"""Basic values that all other packages use."""
