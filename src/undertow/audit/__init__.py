"""An append-only log in the form of RFC 6962, and a verifier that needs nothing else."""
