"""Optimal control problems with known answers, written by hand: what `hdsl` finds is held against them."""
