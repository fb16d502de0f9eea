"""Python services in images: wheels, their own sources and bytecode."""
