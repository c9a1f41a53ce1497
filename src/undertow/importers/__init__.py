"""Importers: foreign files and databases in, the event table out, with what they could show.

A reader yields rows; `writing.write_import` carries any reader to a file. `registry.FORMATS` says
of every format what it can and cannot show. Importers open no connection but the one database that
the operator names, and change nothing they read.
"""
