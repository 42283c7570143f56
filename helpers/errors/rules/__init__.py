"""The rules: each looks at one kind of mistake and says what is wrong, or returns None."""
