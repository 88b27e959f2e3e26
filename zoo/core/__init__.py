"""The mechanics that every variant shares: the adversarial step, noise, saving, restoring."""
