"""Python services in images: wheels, own sources and bytecode."""
