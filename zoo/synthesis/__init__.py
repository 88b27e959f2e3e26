"""Models that make images from noise, labels and positions."""
