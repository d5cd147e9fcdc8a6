"""Colours for .ham text: the grammar that editors read, and a lexer for Pygments that reads the same."""
