"""Which accounts work together: ties in bits against chance, groups of tied accounts, and roles."""
