"""The files of container-structure-test."""
