"""Where samples come from, how they are split, and what a network is given of them. numpy only."""
