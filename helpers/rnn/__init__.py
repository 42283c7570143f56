"""The network itself: its shapes, its equation, and every hidden state of a call."""
