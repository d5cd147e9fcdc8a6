"""Boundary problems solved: from the functions that a model was compiled to, to the path that fulfils its conditions."""
