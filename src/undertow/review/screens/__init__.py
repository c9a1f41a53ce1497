"""The five screens: what each shows, asked from the case store, said in the reader's language."""
