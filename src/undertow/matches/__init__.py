"""Which steps of a playbook each key has reached, when, and by which events."""
