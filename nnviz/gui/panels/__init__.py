"""The panels around the views: data, training, timeline."""
