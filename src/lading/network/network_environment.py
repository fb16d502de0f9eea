"""The environment variables with which this machine reaches the network."""

import logging
import os

from lading.runtime.machine import Machine


def use_environment(machine: Machine) -> None:
    """Tell `requests` how this machine reaches the network: Pants has emptied `os.environ`. Log
    what is used if the user wants to see it; never what `requests` and urllib3 log, which has whole
    URLs."""
    os.environ.update(machine.environment)
    # Python's own variable for certificates, which requests does not read.
    if "SSL_CERT_FILE" in os.environ:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", os.environ["SSL_CERT_FILE"])
    if machine.debug:
        logger = logging.getLogger("lading")
        logger.addHandler(logging.StreamHandler())
        logger.setLevel(logging.DEBUG)
