"""Reading delimited text: from a file to columns, and from columns to samples. polars does the parsing."""
