"""What screens are composed of; knows Textual and the model only."""
