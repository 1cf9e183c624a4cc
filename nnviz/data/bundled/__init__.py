"""Real data sets that come with nnviz and need no network connection: one file each."""
