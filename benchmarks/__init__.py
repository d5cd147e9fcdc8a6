"""Measurements: speed, memory and start; see README.md. Nothing in hdsl imports this package."""

import os

os.environ.setdefault("HDSL_CACHE", "off")  # what is measured is made, unless a measurement is of what was kept
