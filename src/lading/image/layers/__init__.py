"""Writing, grouping, reading and comparing layers."""
