"""The network itself: its shapes, its equation, every hidden state of a call."""
