"""What the subcommands of `zoo` do; the only part of the package that reads `pipelines`."""
