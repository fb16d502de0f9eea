"""Regular expressions, modes and variables as Go writes them."""
