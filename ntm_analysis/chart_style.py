"""The one look of all charts: hues that colour-blind people tell apart (Okabe and Ito, lightened where letters stand on them),
and for print in black and white a hatch, a line or a marker for everything that a colour says. Letters keep a contrast of 4.5 to
the paper, lines and edges of 3 (WCAG 2.1, 1.4.3 and 1.4.11)."""

INK, EDGE, QUIET, LEADER, RULE, GRID = "#222222", "#444444", "#666666", "#8a8a8a", "#bbbbbb", "#dddddd"
MAIN, RANGE, FEWER, WARM = "#1c5f8d", "#9cc9e8", "#b4451f", "#d1603d"

# States of criteria, as colour and hatch.
STATE_LOOK = {
    "met": ("#4aa3df", ""),
    "recognition": ("#bfe0f5", ""),
    "basic": ("#f4d35e", "//"),
    "not_met": ("#e07b39", "xx"),
    "unknown": ("#ffffff", ".."),
    "not_applicable": ("#d9d9d9", "--"),
}
# The verbal scale of chances.
SCALE_LOOK = {
    "very_unlikely": (WARM, "xx"),
    "unlikely": ("#e8935f", "//"),
    "less_likely": ("#f0c9a0", "\\\\"),
    "even": ("#f4e3a1", ".."),
    "likely": ("#cfe3f2", "--"),
    "very_likely": (RANGE, "oo"),
    "certain": ("#3f8fc4", ""),
}
# More communes, fewer, no clear change: colour and line.
WAY_LOOK = {1: (MAIN, "-"), -1: (FEWER, "--"), 0: (QUIET, ":")}
# The low and the high end of an assumption.
END_LOOK = {"low": ("#f0b08a", "//"), "high": ("#3f8fc4", "")}
# The parts of a stack, in their order.
PART_HATCHES = ("", "//", "xx", "..", "\\\\", "--", "++", "oo", "||")
BAR = {"edgecolor": EDGE, "linewidth": 0.5}
BAND = {"facecolor": RANGE, "edgecolor": MAIN, "linewidth": 0.8, "alpha": 0.8}  # a range of years or amounts
