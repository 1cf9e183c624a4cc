"""The window that holds runs side by side: a table of all, and pages that compare those that are checked in it."""
