"""Floor 3: use cases; async, without a screen."""
