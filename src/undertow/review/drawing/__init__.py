"""Drawings of the desk: geometry in numbers, from the report's; templates turn it into SVG, words are the reader's."""
