"""Numbers as words and colours: the same for the same thing on all boards."""

from typing import Final

from dashboards.model import Colour, Step, Text, Word
from dashboards.prometheus.config import DEFAULTS
from stream.spec import WindowSpec
from stream.units import SECOND_MS

GOOD, WATCH, ACT, GREY = Colour.good, Colour.watch, Colour.act, Colour.grey

VERDICTS: Final[dict[int, tuple[str, Word]]] = {
    0: ("in_control", Word(Text("✓ OK", "✓ 正常"), GOOD)),
    1: ("facts_only", Word(Text("· Small team", "· 小组·仅数据"), Colour.plain)),
    2: ("planned", Word(Text("○ Planned", "○ 计划内"), Colour.calm)),
    3: ("learning", Word(Text("… Learning", "… 学习中"), Colour.plain)),
    4: ("improving", Word(Text("★ Better", "★ 变好"), Colour.better)),
    5: ("insufficient_data", Word(Text("? Too little data", "? 数据不足"), GREY)),
    6: ("watch", Word(Text("● Watch", "● 留意"), WATCH)),
    7: ("stale", Word(Text("✕ No feed", "✕ 无数据"), GREY)),
    8: ("out_of_control", Word(Text("▲ ACT", "▲ 需处理"), ACT)),
}
"""By code, most pressing last: the state in the metrics, and its word on the boards."""
VERDICT_WORDS: Final = {code: word for code, (_, word) in VERDICTS.items()}

STATES: Final = {
    "available": Word(Text("free", "空闲"), Colour.good),
    "ringing": Word(Text("ringing", "振铃"), Colour.calm),
    "dialing": Word(Text("dialing", "拨号"), Colour.calm),
    "talking": Word(Text("talking", "通话"), Colour.better),
    "hold": Word(Text("hold", "保持"), Colour.calm),
    "acw": Word(Text("after-call", "话后"), Colour.calm),
    "other_work": Word(Text("other work", "其他工作"), Colour.plain),
    "aux": Word(Text("break", "小休"), Colour.watch),
    "meal": Word(Text("meal", "用餐"), Colour.plain),
    "training": Word(Text("training", "培训"), Colour.plain),
    "meeting": Word(Text("meeting", "会议"), Colour.plain),
    "system_aux": Word(Text("system", "系统置忙"), Colour.act),
    "unknown": Word(Text("unknown", "未知"), Colour.grey),
}
"""By state: its word and colour."""
YES_NO: Final = {
    0: Word(Text("no", "否"), Colour.plain),
    1: Word(Text("yes", "是"), Colour.calm),
}
UP_DOWN: Final = {
    0: Word(Text("✕ down", "✕ 断开"), ACT),
    1: Word(Text("✓ up", "✓ 正常"), GOOD),
}
PEAK: Final = {
    0: Word(Text("no peak", "非高峰"), Colour.plain),
    1: Word(Text("⚑ PEAK", "⚑ 高峰"), WATCH),
}
OPEN: Final = {
    0: Word(Text("closed", "已下班"), GREY),
    1: Word(Text("open", "营业中"), GOOD),
}
SILENT: Final = {
    0: Word(Text("✓ alive", "✓ 正常"), GOOD),
    1: Word(Text("✕ silent", "✕ 中断"), ACT),
}
SEVERITIES: Final = {
    0: Word(Text("quiet", "无"), Colour.plain),
    1: Word(Text("· for the record", "· 备查"), Colour.calm),
    2: Word(Text("● nudge", "● 提醒"), WATCH),
    3: Word(Text("▲ page", "▲ 紧急"), ACT),
}

LIMITS: Final = DEFAULTS.thresholds
"""A board turns red where the alert on the same figure fires."""
IN_TIME_S: Final = WindowSpec().service_level_ms // SECOND_MS
"""Calls answered within so many seconds count as in time, unless configured otherwise."""
SIXTH: Final = round(1 / 6, 4)
"""Of the heads on break: the practitioner's sign of a lost peak."""
AUX_SHARE: Final = (Step(None, GOOD), Step(0.10, WATCH), Step(SIXTH, ACT))
AUX_RATE: Final = (
    Step(None, Colour.calm),
    Step(0.05, GOOD),
    Step(0.09, WATCH),
    Step(SIXTH, ACT),
)
TALK_BAND: Final = (
    Step(None, Colour.calm),
    Step(0.69, GOOD),
    Step(0.74, WATCH),
    Step(0.76, ACT),
)
SLACK_BAND: Final = (Step(None, WATCH), Step(0.20, GOOD), Step(0.30, WATCH))
CV_LIMIT: Final = (Step(None, GOOD), Step(0.16, WATCH))
WAIT: Final = (Step(None, GOOD), Step(20, WATCH), Step(60, ACT))
WAITING: Final = (Step(None, GOOD), Step(1, WATCH), Step(10, ACT))
LEVEL: Final = (Step(None, ACT), Step(0.7, WATCH), Step(0.8, GOOD))
LOST: Final = (Step(None, GOOD), Step(0.03, WATCH), Step(0.05, ACT))
AGE: Final = (Step(None, GOOD), Step(10, WATCH), Step(LIMITS.figures_old_s, ACT))
FREE: Final = (Step(None, WATCH), Step(1, GOOD))
NONE_IS_GOOD: Final = (Step(None, GOOD), Step(1, WATCH))
ANY_IS_BAD: Final = (Step(None, GOOD), Step(1, ACT))
LAG: Final = (Step(None, GOOD), Step(1_000, WATCH), Step(LIMITS.lag_records, ACT))
UNKNOWN: Final = (Step(None, GOOD), Step(0.05, WATCH), Step(LIMITS.unknown_share, ACT))
MEMORY: Final = (Step(None, GOOD), Step(0.7, WATCH), Step(LIMITS.redis_memory_share, ACT))
SLOW: Final = (Step(None, GOOD), Step(0.2, WATCH), Step(LIMITS.refresh_s, ACT))
PLAIN: Final = (Step(None, Colour.plain),)
