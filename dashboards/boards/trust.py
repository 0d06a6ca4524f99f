"""Whether the figures of a board may be trusted: the head of each board about a floor."""

from typing import Final

from dashboards import palette
from dashboards.model import Kind, Panel, Place, Target, Text, Unit
from dashboards.queries import monitor

TRUST: Final = (
    Panel(
        Kind.stat,
        Text("Age of the figures", "数据时延"),
        Text(
            "For everybody. Red (half a minute): these figures are old. Do not act on "
            "them; look at the telephone system's own display, and tell the SRE.",
            "给所有人。变红(≥30 秒):数据已旧。不要据此行动,看话务系统自带的屏,并通知运维。",
        ),
        (Target(monitor.FLOOR_AGE, "{{floor}}"),),
        Place(0, 0, 12, 4),
        unit=Unit.seconds,
        decimals=0,
        steps=palette.AGE,
        empty=Text("NO DATA", "无数据"),
    ),
    Panel(
        Kind.stat,
        Text("Feeds", "数据源"),
        Text(
            "For everybody. Red: no data from a feed, so nothing is known of its people; "
            "ask nobody back because of what is here. The SRE calls the feed's owner.",
            "给所有人。变红:数据源没有数据,其人员情况不明,不要据此请人回来。由运维联系数据源负责人。",
        ),
        (Target(monitor.SOURCE_SILENT, "{{floor}} {{source}}"),),
        Place(12, 0, 12, 4),
        words=palette.SILENT,
        empty=Text("no feed", "无数据源"),
    ),
)
