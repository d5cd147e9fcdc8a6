"""Measurements: speed, memory and start; see README.md. Nothing in hdsl imports this package."""
