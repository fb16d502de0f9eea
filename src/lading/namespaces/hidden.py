"""The parts of /proc that no build and no container sees, as in Docker: devices, keys, memory of
the machine.

The rest can be read, but not written. Some kernels lack some of these.
"""

HIDDEN_DIRECTORIES = ("acpi", "asound", "scsi")
HIDDEN_FILES = (
    *("interrupts", "kcore", "keys", "latency_stats", "sched_debug", "timer_list"),
    "timer_stats",
)
