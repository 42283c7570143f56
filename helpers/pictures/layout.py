"""The positions in the picture of an unrolled network: steps from left to right, layers upwards, room for frames and names."""

from dataclasses import dataclass

from ..rnn.shapes import Shapes
from ..wording import abbreviate

R = 19  # radius of a state
H_0_DISTANCE = 78  # from a first state to its h_0, which is outside the output frame
DIRECTION_GAP = 58  # from the forward to the reverse row of one layer
MAX_STEPS, MAX_LAYERS = 7, 4
StepIndex = tuple[int, int, int]  # (layer, direction, t)


def states_reaching(step: StepIndex, D: int, L: int) -> set[StepIndex]:
    """Every state that the state of one step depends on, and this state itself.

    >>> sorted(states_reaching((0, 1, 3), D=2, L=5))  # the reverse direction of layer 0 has read steps 4 and 3
    [(0, 1, 3), (0, 1, 4)]
    """
    found: set[StepIndex] = set()
    waiting = [step]
    while waiting:
        layer, direction, t = waiting.pop()
        if (layer, direction, t) in found or not 0 <= t < L:
            continue
        found.add((layer, direction, t))
        waiting.append((layer, direction, t + 1 if direction else t - 1))
        if layer:
            waiting += [(layer - 1, below, t) for below in range(D)]
    return found


@dataclass
class Layout:
    """The positions of the states, inputs and frames of one sequence, in pixels from the upper left corner.

    >>> layout = Layout(Shapes(L=5, N=2, H_in=3, H_out=4), steps=5)
    >>> layout.x(1) - layout.x(0), layout.layers
    (88, [0])
    """

    shapes: Shapes
    steps: int  # of the sequence in front
    n: int = 0  # the index of this sequence in the batch
    at: StepIndex | None = None  # the last step that is computed
    mark: StepIndex | None = None  # the step that is emphasised
    feature: int | None = None  # the element of its state that is framed
    labels: tuple[str, ...] | None = None
    reach: StepIndex | None = None  # the step whose past is shown: what does not reach it is left empty
    has_dropout: bool = False  # whether stripes between the layers show what dropout leaves

    def __post_init__(self) -> None:
        s = self.shapes
        mark_layer, _, mark_t = self.mark or (None, None, None)
        self.columns = abbreviate(self.steps, MAX_STEPS, mark_t)
        self.layers = abbreviate(s.num_layers, MAX_LAYERS, mark_layer)
        self.direction_offset = 15 if s.D == 2 else 0  # forward states are left of their column, reverse states right of it
        self.gap = (408 if s.D == 2 else 440) // max(len(self.columns) - 1, 5)
        self.side = R + 11 + self.direction_offset  # from a column to the edge of the output frame
        self.left = 74 + R + H_0_DISTANCE + self.direction_offset
        self.right = self.left + self.gap * (len(self.columns) - 1)
        beyond = R + H_0_DISTANCE + self.direction_offset + 6 if s.D == 2 else self.side + 56
        captions = self.left - self.side + 7.4 * len(f"output {s.output}"), 36 + 7.4 * len(f"h_n {s.h_n}")
        self.width = max(self.right + beyond, *captions) + 8
        self.offsets = self.row_offsets()
        self.bottom = self.offsets[-1] + (DIRECTION_GAP if s.D == 2 else 0) + R + 45  # y of the input row
        self.height = self.bottom + R + (90 if self.has_dropout else 72)
        self.reaching = states_reaching(self.reach, s.D, self.steps) if self.reach else None

    def row_offsets(self) -> list[float]:
        """The height of each row of states above the input. An ellipsis needs less room than a layer."""
        split = DIRECTION_GAP if self.shapes.D == 2 else 0
        layer_height = 98 + split if split else 84
        offsets = [78.0]
        for layer, above in zip(self.layers, self.layers[1:]):
            offsets.append(offsets[-1] + (layer_height if None not in (layer, above) else 48 + split * (above is None)))
        return offsets

    def x(self, column: int, direction: int | None = None) -> float:
        return self.left + self.gap * column + {None: 0, 0: -self.direction_offset, 1: self.direction_offset}[direction]

    def y(self, row: int, direction: int = 0) -> float:
        return self.bottom - self.offsets[row] - (DIRECTION_GAP if direction else 0)

    def last_column(self, direction: int) -> int:
        return 0 if direction else len(self.columns) - 1

    def is_left_empty(self, layer: int, direction: int, t: int) -> bool:
        """Whether a state is drawn without its numbers: it is computed after the step `at`, or it does not reach `reach`."""
        unreached = self.reaching is not None and (layer, direction, t) not in self.reaching
        return unreached or self.is_later(layer, direction, t)

    def input_reaches(self, t: int) -> bool:
        return self.reaching is None or any((0, direction, t) in self.reaching for direction in range(self.shapes.D))

    def is_later(self, layer: int, direction: int, t: int) -> bool:
        """Whether this state is computed after the step `at`."""
        if self.at is None:
            return False
        at_layer, at_direction, at_t = self.at
        if self.shapes.D == 1:
            return t > at_t or (t == at_t and layer > at_layer)
        # With two directions a layer needs all states of the layer below: layer by layer, then direction by direction.
        order = -t if direction else t
        at_order = -at_t if at_direction else at_t
        return (layer, direction, order) > (at_layer, at_direction, at_order)
