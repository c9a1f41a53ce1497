"""The review desk in a browser: queue, case, campaign, playbook workbench, data health."""
