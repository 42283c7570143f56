"""What can go wrong, a module for each kind; `explain` asks them in torch's own order."""
