"""Whether a subject has become slower, and the table that says so."""

from __future__ import annotations

from dataclasses import dataclass

# Seconds of a call at the base, None where it has no such subject; and the median of head over base.
Comparison = tuple[float | None, float]

HEADINGS = ("subject", "base ns", "time x", "base instructions", "instructions x", "")


@dataclass(frozen=True)
class Verdict:
    """What became of one subject.

    Attributes:
        time: nanoseconds of a call at the base, None where the base has no such subject.
        time_ratio: head over base.
        instructions: of a call at the base, None where they were not counted or the base has no such subject.
        instruction_ratio: head over base.
        words: what the table says of it.
        failed: whether it became slower than is allowed.
    """

    subject: str
    time: float | None
    time_ratio: float | None
    instructions: int | None
    instruction_ratio: float | None
    words: str
    failed: bool


def judge(
    subject: str,
    times: Comparison | None,
    instructions: tuple[int | None, int] | None,
    time_factor: float,
    instruction_factor: float,
) -> Verdict:
    """Judges a subject.

    Args:
        times: as `Comparison` says; None where the head has no such subject.
        instructions: of a call at the base and at the head; None where they were not counted.
        time_factor: above this ratio of times the subject fails.
        instruction_factor: above this ratio of counts the subject fails.
    """
    if times is None:
        return Verdict(subject, None, None, None, None, "GONE", True)
    if times[0] is None:
        return Verdict(subject, None, None, None, None, "new", False)
    before, after = instructions if instructions is not None else (None, 0)
    count_ratio = after / before if before else None
    complaints = []
    if times[1] > time_factor:
        complaints.append("SLOWER")
    if count_ratio is not None and count_ratio > instruction_factor:
        complaints.append("MORE INSTRUCTIONS")
    words = ", ".join(complaints)
    return Verdict(subject, times[0] * 1e9, times[1], before, count_ratio, words, bool(complaints))


def print_table(verdicts: list[Verdict], base: str, time_factor: float, instruction_factor: float) -> None:
    rows = [HEADINGS]
    for one in verdicts:
        rows.append(
            (
                one.subject,
                "-" if one.time is None else f"{one.time:,.0f}",
                "-" if one.time_ratio is None else f"{one.time_ratio:.3f}",
                "-" if one.instructions is None else f"{one.instructions:,}",
                "-" if one.instruction_ratio is None else f"{one.instruction_ratio:.4f}",
                one.words,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    print(f"\nThe working tree over {base}: below 1 it became faster.")
    print(f"A subject fails above {time_factor:g} in time or {instruction_factor:g} in instructions.\n")
    for name, *cells in rows:
        shown = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        print("  ".join([name.ljust(widths[0]), *shown[:-1], cells[-1]]).rstrip())
    failed = sum(one.failed for one in verdicts)
    print(f"\n{failed} of {len(verdicts)} subjects fail" if failed else f"\n{len(verdicts)} subjects pass")
