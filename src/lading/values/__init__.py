"""Values that the rest is written with."""
