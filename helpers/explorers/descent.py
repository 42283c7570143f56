"""The explorer of the learning rate: one weight, one loss, ten steps of gradient descent."""

from dataclasses import dataclass

from ..pictures.descent import draw_descent
from ..pictures.picture import Picture
from .live import Explorer, View, slider
from .views import note

X, TARGET, START, STEPS = 2.0, 6.0, 1.0, 10


@dataclass(frozen=True)
class DescentState:
    """The weight before the first step, and after each of ten steps with this learning rate."""

    learning_rate: float
    weights: tuple[float, ...]


def explore_learning_rate() -> Explorer:
    """Move the learning rate, and see ten steps of gradient descent on the loss (2·w − 6)².

    >>> explorer = explore_learning_rate()
    >>> explorer.controls["lr"].value = 0.1
    >>> [round(weight, 2) for weight in explorer.state.weights[:4]]
    [1.0, 2.6, 2.92, 2.98]

    Views: what happens, and the path of the weight on the curve of the loss.
    """

    def descend(lr: float) -> DescentState:
        weights = [START]
        for _ in range(STEPS):
            gradient = 2 * X * (X * weights[-1] - TARGET)
            weights.append(weights[-1] - lr * gradient)
        return DescentState(lr, tuple(weights))

    shown: list[View] = [descent_note, descent_picture]
    return Explorer("the learning rate", {"lr": slider("lr", 0.01, 0.01, 0.3, 0.01)}, descend, shown)


def descent_note(state: DescentState) -> str:
    loss = (X * state.weights[-1] - TARGET) ** 2
    first = (X * START - TARGET) ** 2
    if loss >= first:
        said = "Each step goes too far and lands higher on the other side: the learning rate is too large."
    elif loss > first / 100 and state.weights[1] > TARGET / X:
        said = "Each step jumps over the lowest point, so the weight comes closer only slowly."
    elif loss > first / 100:
        said = "The steps are small, and the weight is still on its way."
    else:
        said = "The weight is close to the lowest loss."
    return note(f"After {STEPS} steps w = {state.weights[-1]:.2f}, and the loss is {loss:.2f}. {said}")


def descent_picture(state: DescentState) -> Picture:
    return draw_descent(state.weights, TARGET, X)
