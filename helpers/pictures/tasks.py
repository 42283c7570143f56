"""What the results of an RNN are used for: one answer for a sequence, one for each step, or the next step."""

from ..colours import H_N, OUTPUT, PAPER, QUIET, TEXT, W_HH, W_IH, H, X
from .picture import Picture
from .svg import line, svg_picture, tag, text

STEPS, GAP, R = 4, 46, 13  # of each small network: its steps, and the distance and size of its states
WIDTH = 236  # of one task
INPUT_Y, STATE_Y, LAYER_Y, ANSWER_Y = 196, 142, 88, 48
TASKS = (  # heading, what the linear layer reads, and its answers
    ("many to one", "h_n[-1]", ("", "", "", "one answer")),
    ("many to many", "output", ("y[0]", "y[1]", "y[2]", "y[3]")),
    ("next step", "output", ("x[1]?", "x[2]?", "x[3]?", "x[4]?")),
)


def draw_tasks() -> Picture:
    """Draw the three common uses of an RNN, each with a linear layer that turns hidden states into answers.

    >>> draw_tasks()
    Picture: Three uses of an RNN. Many to one: ...
    """
    parts = []
    for i, (heading, read, answers) in enumerate(TASKS):
        parts += _task(12 + i * WIDTH, heading, read, answers)
    alt = (
        "Three uses of an RNN. Many to one: a linear layer reads the last state, h_n[-1], and gives one answer for the sequence. "
        "Many to many: it reads the state of each step, output, and gives one answer for each step. "
        "Next step: it reads output too, and each answer predicts the input of the step after."
    )
    return svg_picture(12 + 3 * WIDTH, 232, parts, alt)


def _task(left: float, heading: str, read: str, answers: tuple[str, ...]) -> list[str]:
    parts = [text(left, 18, heading, size=14, font_weight=700)]
    reads_all = read == "output"
    for t, answer in enumerate(answers):
        x = left + 26 + t * GAP
        parts.append(line(x, INPUT_Y - R, x, STATE_Y + R, W_IH.colour))
        if t:
            parts.append(line(x - GAP + R, STATE_Y, x - R, STATE_Y, W_HH.colour))
        parts.append(
            tag("rect", x=x - R, y=INPUT_Y - R, width=2 * R, height=2 * R, rx=5, fill=X.tint, stroke=X.colour, stroke_width=2)
        )
        parts.append(tag("circle", cx=x, cy=STATE_Y, r=R, fill=H.tint, stroke=H.colour, stroke_width=2))
        parts.append(text(x, INPUT_Y + R + 15, f"x[{t}]", size=11, fill=X.ink, text_anchor="middle"))
        if answer:
            parts.append(line(x, STATE_Y - R - 4, x, LAYER_Y + 11, QUIET))
            parts.append(line(x, LAYER_Y - 11, x, ANSWER_Y + 8, QUIET))
            parts.append(text(x, ANSWER_Y, answer, size=11, text_anchor="middle"))
    first, last = left + 26, left + 26 + (STEPS - 1) * GAP
    begin = first if reads_all else last
    frame = dict(fill="none", rx=6, stroke_width=2) | (
        dict(stroke=OUTPUT.colour) if reads_all else dict(stroke=H_N.colour, stroke_dasharray="5 3")
    )
    parts.append(tag("rect", x=begin - R - 5, y=STATE_Y - R - 5, width=last - begin + 2 * R + 10, height=2 * R + 10, **frame))
    parts.append(
        tag("rect", x=begin - R - 5, y=LAYER_Y - 11, width=last - begin + 2 * R + 10, height=22, rx=3, fill=PAPER, stroke=TEXT)
    )
    name = "nn.Linear" if reads_all else "Linear"
    parts.append(text((begin + last) / 2, LAYER_Y + 4, name, size=10, text_anchor="middle"))
    ink = OUTPUT.ink if reads_all else TEXT
    parts.append(text(last + R + 8, STATE_Y + 4, read, size=11, fill=ink))
    return parts
