"""How much a match says, in bits, for and against, as rows that add up."""
