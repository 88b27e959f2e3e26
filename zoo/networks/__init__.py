"""Builders that return plain functional `keras.Model`s with input `(None, None, None, C)`."""
