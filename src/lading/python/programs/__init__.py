"""The sandbox programs that install Python services."""
