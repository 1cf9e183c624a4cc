"""Where the frozen app starts: as `nnviz` and `python -m nnviz` do."""

import sys

from nnviz.__main__ import main

sys.exit(main())
