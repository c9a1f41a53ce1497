"""For those who prove things: the slow matcher that defines what a match is."""
