"""Files in trees: paths, links, kinds, bounds."""
