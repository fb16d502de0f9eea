"""Regular expressions, modes and variables in Go's notation."""
