"""The limit of the image's size: `max_size="20 MB"`."""

from dataclasses import dataclass

from lading.checks.outcome import Outcome, difference
from lading.values.size import in_megabytes


@dataclass(frozen=True)
class SizeCheck:
    """`name` is the field that sets it; `limit` is in bytes."""

    name: str
    limit: int

    def judge(self, size: int) -> Outcome:
        if size <= self.limit:
            return Outcome(self.name)
        return Outcome(
            self.name,
            (
                difference("size", f"at most {in_megabytes(self.limit)}", in_megabytes(size))
                + f" ({size - self.limit} bytes more)",
            ),
        )
