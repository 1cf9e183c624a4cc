"""What happened in a run: columns of measurements, events, and kept parameters. numpy only."""
