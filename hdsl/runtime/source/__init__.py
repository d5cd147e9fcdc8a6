"""Sources: where the rows of a stream come from, a file a kind. Each gives a header, and then blocks of rows."""
