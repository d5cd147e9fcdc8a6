"""Warnings of what is legal and surely not meant, read off a checked model; nothing here differentiates or runs."""
