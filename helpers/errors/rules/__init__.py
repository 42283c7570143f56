"""The rules: each looks at one kind of trouble and says what is wrong, or None."""
