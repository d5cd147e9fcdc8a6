"""The language server: what editors ask, answered by the same passes as `hdsl check`."""
