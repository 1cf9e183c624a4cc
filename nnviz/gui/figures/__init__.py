"""Figures: views drawn for paper, slides and pages, alone or composed, in every format."""
