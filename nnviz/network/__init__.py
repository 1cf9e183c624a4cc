"""What a network is: its layers, their shapes, and its initial parameters."""
