"""Control: when which team left control, what each detector saw, and when the peaks were."""

from typing import Final

from dashboards import look
from dashboards.model import Board, Colour, Kind, Mark, Panel, Place, Row, Target, Text, Unit
from dashboards.queries import control, monitor, team

CONTROL: Final = Board(
    "control",
    Text("Control", "受控情况"),
    Text(
        "For the floor manager and whoever sets limits: when teams left control, what each detector "
        "saw against its limit, and what was told. Peaks are marked in all charts.",
        "给现场经理与设定限值的人:各组何时失常,各检测器看到的值与限值,告警了什么。高峰在各图中有标记。",
    ),
    ("datasource", "floor", "pool", "team"),
    (
        Panel(
            Kind.stat,
            Text("Age of the figures", "数据时延"),
            Text(
                "For everybody. Red (half a minute): this board shows an old floor. Do not act on it; "
                "look at the telephone system's own display, and have the SRE told.",
                "给所有人。变红(≥30 秒):此板显示的是旧情况。不要据此行动,看话务系统自带的屏,并通知运维。",
            ),
            (Target(monitor.FLOOR_AGE, "{{floor}}"),),
            Place(0, 0, 12, 4),
            unit=Unit.seconds,
            decimals=0,
            steps=look.AGE,
            empty=Text("NO DATA", "断数"),
        ),
        Panel(
            Kind.stat,
            Text("Feeds", "数据源"),
            Text(
                "For everybody. Red: a feed is silent, so nothing is known of its people; speak to "
                "nobody about it. The SRE calls its owner.",
                "给所有人。变红:数据源静默,对其人员一无所知,不要找任何人。由运维联系其负责人。",
            ),
            (Target(monitor.SOURCE_SILENT, "{{floor}} {{source}}"),),
            Place(12, 0, 12, 4),
            words=look.SILENT,
            empty=Text("no feed", "无数据源"),
        ),
        Panel(
            Kind.timeline,
            Text("Verdict of each team", "各组判定"),
            Text(
                "For the floor manager. One line a team. One line red: speak to that team's "
                "leader. Many red at the same time: one shared cause, a system or a meeting; find"
                " that first. Grey: no feed, nothing is known.",
                "给现场经理。每组一行。单行变红:与该组组长沟通。多行同时变红:有共同原因(系统或会议),先找原因。灰色:断数,情况不明。",
            ),
            (Target(team.VERDICT, "{{team}}"),),
            Place(0, 4, 24, 10),
            words=look.VERDICT_WORDS,
            links=("team",),
        ),
        Panel(
            Kind.timeline,
            Text("Alerts raised", "告警"),
            Text(
                "For the floor manager. Alerts by team (or pool) and detector; the colour is "
                "how loud. A page (red) that still stands after five minutes: go and see that "
                "team. Empty: nothing was raised.",
                "给现场经理。各组(或技能池)各检测器的告警,颜色为级别。呼叫(红)五分钟后仍未消除:到现场看看。空白:没有告警。",
            ),
            (
                Target(control.RAISED, "{{team}} {{detector}}"),
                Target(control.RAISED_OF_POOL, "{{pool}} {{detector}}"),
            ),
            Place(0, 14, 24, 8),
            words=look.SEVERITIES,
            empty=Text("nothing was raised", "没有告警"),
        ),
        Row(Text("Each detector against its limit", "各检测器与限值"), 22),
        Panel(
            Kind.timeseries,
            Text("What detectors look at", "检测器的统计量"),
            Text(
                "For whoever sets limits. What each detector judges. share: heads on break. "
                "collective: heads that left within five minutes; if they left faster, a lower "
                "limit holds than the one drawn beside it.",
                "给设定限值的人。各检测器判断的数值。share:小休人数。collective:五分钟内离开的人数;离开得更急时,实际限值低于旁边所画。",
            ),
            (Target(control.STATISTIC, "{{team}} {{detector}}"),),
            Place(0, 23, 12, 9),
            unit=Unit.number,
            least=0,
            empty=Text("no team is large enough to be judged", "没有组大到可以判断"),
        ),
        Panel(
            Kind.timeseries,
            Text("Page limits", "呼叫限"),
            Text(
                "For whoever sets limits. From here on a detector pages; it moves with the "
                "staffed heads and the usual break rate. Reached often and nothing was wrong: "
                "raise `aux_rate` in `[baseline]`.",
                "给设定限值的人。达到即呼叫;随在岗人数与平常小休率变化。常碰限而并无异常:调高 [baseline] 的 aux_rate。",
            ),
            (Target(control.LIMIT, "{{team}} {{detector}}"),),
            Place(12, 23, 12, 9),
            unit=Unit.number,
            least=0,
            empty=Text("no team is large enough to be judged", "没有组大到可以判断"),
        ),
        Panel(
            Kind.timeline,
            Text("Share: too many on break?", "占比:小休过多?"),
            Text(
                "For the leader. Red: more on break than chance explains; in a peak ask people "
                "back, longest break first. Amber: a sixth of the team, or near the limit; let "
                "nobody else go yet.",
                "给组长。红:小休人数多于偶然;高峰时请人回来,休息最久者优先。黄:达六分之一或接近限值;先不要再放人。",
            ),
            (Target(control.SHARE_STATE, "{{team}}"),),
            Place(0, 32, 12, 8),
            words=look.VERDICT_WORDS,
            links=("team",),
        ),
        Panel(
            Kind.timeline,
            Text("Collective: several left together?", "集体:多人同时离开?"),
            Text(
                "For the leader. Red: several went on break nearly together, more than chance "
                "explains. Ask why first (a meeting, a fault of the system?); only then ask them "
                "back.",
                "给组长。红:多人几乎同时去小休,不像偶然。先问原因(会议?系统故障?),再请回。",
            ),
            (Target(control.COLLECTIVE_STATE, "{{team}}"),),
            Place(12, 32, 12, 8),
            words=look.VERDICT_WORDS,
            links=("team",),
        ),
        Panel(
            Kind.timeline,
            Text("Cover: does anybody serve?", "值守:有人接听吗?"),
            Text(
                "For the floor manager. One line a pool. Red: open and nobody is there, or a call"
                " waits and nobody takes calls. Have somebody log in, or fetch somebody from "
                "break, now.",
                "给现场经理。每个技能池一行。红:营业时间无人,或有排队而无人接听。马上让人登录,或从小休请回一人。",
            ),
            (Target(control.COVER_STATE, "{{pool}}"),),
            Place(0, 40, 24, 6),
            words=look.VERDICT_WORDS,
            links=("queue",),
        ),
    ),
    since="now-6h",
    marks=(
        Mark(
            Text("peak", "高峰"),
            control.IN_PEAK,
            Text("{{floor}} {{pool}}", "{{floor}} {{pool}}"),
            Colour.watch,
        ),
    ),
    alerts=True,
)
