"""What can go wrong while a template is filled, and on which line of it."""

from __future__ import annotations

from types import TracebackType

from jinja2.exceptions import TemplateError

UNFILLABLE = (
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    MemoryError,
)
"""What a tag that does not fit the data raises."""


def line_in_template(trace: TracebackType | None) -> int | None:
    """Return the innermost line of a Jinja template in a traceback, counted from 1."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
