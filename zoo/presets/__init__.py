"""Trained presets, one folder each: `config.json`, `model.weights.h5`, `card.md`."""
