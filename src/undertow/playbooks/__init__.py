"""A process written down as data: the playbook grammar, its parser, its checks and what ships."""
