"""The sandbox programs that install Debian packages."""
