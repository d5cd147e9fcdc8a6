"""The canonical layout of a .ham file."""
