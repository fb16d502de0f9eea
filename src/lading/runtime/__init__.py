"""The foundation of all programs that run in the sandbox."""
