"""What several views have in common. Nothing in here is a view: discovery passes it by."""
