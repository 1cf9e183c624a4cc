"""What leaves nnviz: files for other programs."""
