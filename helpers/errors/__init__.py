"""From an exception or a warning to what was wrong, and the line of code that fixes it."""
