"""Model solutions of notebook 00."""

from helpers import check

# 00.1 One state of 4 numbers for each of the 100 steps; the batch of one sequence keeps its axis.
answer = (100, 1, 4)
print(check("00.1", answer))

# 00.2 h_n is the last state alone, however long the sequence was.
answer = 4
print(check("00.2", answer))
