"""The window: PySide6 and pyqtgraph. No torch here, and nothing here computes what training needs."""
