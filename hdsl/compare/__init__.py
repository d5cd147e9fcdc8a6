"""Two models compared by what is derived from them, and not by how they are written."""
