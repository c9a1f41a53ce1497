"""The command line: one file per command, a registry that loads them late, and one screen."""
