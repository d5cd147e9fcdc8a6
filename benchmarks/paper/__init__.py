"""What the paper argues, measured: a file a measurement, each ``python -m benchmarks.paper.NAME``; pages in docs/paper/."""
