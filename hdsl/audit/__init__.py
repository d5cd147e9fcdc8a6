"""The audit of a model: what each update reads, what crosses each delay, what departs from optimal control, what it equals."""
