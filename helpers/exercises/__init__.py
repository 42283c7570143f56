"""Exercises that check themselves, and the quiz."""
