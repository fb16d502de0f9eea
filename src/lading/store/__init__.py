"""Store packages: derivations, how they are built, and descriptions of the result."""
