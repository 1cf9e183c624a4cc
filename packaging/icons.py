"""Draws the app's icon in the sizes and formats that systems want, into a folder.

Needs PySide6: `build.py` runs this in its environment.
"""

import os
import sys
from pathlib import Path

SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
ICON = Path(__file__).resolve().parent.parent / "resources" / "icons" / "app.svg"


def main(folder: Path) -> None:
    """Write nnviz-SIZE.png for every size, nnviz.ico for Windows and nnviz.icns for macOS."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen" if sys.platform.startswith("linux") else ""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    app = QGuiApplication([])
    renderer = QSvgRenderer(str(ICON))
    folder.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        names = [f"nnviz-{size}.png", *(["nnviz.ico"] if size == 256 else []), *(["nnviz.icns"] if size == 512 else [])]
        for name in names:
            if not image.save(str(folder / name)):
                sys.exit(f"{name} cannot be written")
    del app


if __name__ == "__main__":
    main(Path(sys.argv[1]))
