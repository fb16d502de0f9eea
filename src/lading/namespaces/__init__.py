"""What keeps programs apart from the machine that runs them; `store` and `image` stand on it."""
