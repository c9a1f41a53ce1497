"""Learning from decisions: what reviewers decided moves the rates of a playbook, and every version is kept."""
