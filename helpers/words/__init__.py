"""From text to numbers: vectors of words, tokens, sentences to read."""
