"""What every program in the sandbox stands on."""
