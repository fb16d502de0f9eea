"""Isolates programs from the machine that runs them; `store` and `image` use it."""
