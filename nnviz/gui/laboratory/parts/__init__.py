"""What pages of the laboratory are made of: bigger painted parts, one file each."""
