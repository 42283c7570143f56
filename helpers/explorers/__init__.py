"""What moves: controls, a state, and the views that look at it."""
