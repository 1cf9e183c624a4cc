"""What several self-tests share."""
