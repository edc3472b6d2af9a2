"""How much of what was known a dream lost, against the share at which its workspace wants to be alarmed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """`lost` of `statements`, headings aside; `alarm` in percent. Nothing is said where nothing was counted."""

    lost: int
    statements: int
    alarm: int

    @property
    def percent(self) -> int:
        """The share in whole percent; what is more than nothing is at least 1."""
        share = 100 * self.lost / self.statements if self.statements else 0
        return max(round(share), 1 if self.lost else 0)

    @property
    def loud(self) -> bool:
        """Whether it is more than the alarm allows."""
        return 100 * self.lost > self.alarm * self.statements > 0 or (self.alarm == 0 and self.lost > 0)

    @property
    def figure(self) -> str:
        """The share in a few words; "" where nothing was counted."""
        return f"{self.percent} % of what was known lost" if self.statements else ""

    @property
    def counted(self) -> str:
        """The share in counts."""
        return f"{self.lost:,} of {self.statements:,} statement{'' if self.statements == 1 else 's'}"
