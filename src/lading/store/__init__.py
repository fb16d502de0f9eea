"""Store packages: derivations, how they are built, and what is known of the result."""
