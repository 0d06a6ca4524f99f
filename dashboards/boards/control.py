"""Control: when which team left control, what each detector saw, and when the peaks were."""

from typing import Final

from dashboards import palette
from dashboards.boards.trust import TRUST
from dashboards.model import Board, Colour, Kind, Mark, Panel, Place, Row, Target, Text, Unit
from dashboards.queries import control, team

CONTROL: Final = Board(
    "control",
    Text("Control", "受控情况"),
    Text(
        "For the floor manager and whoever sets limits: when teams left control, what each detector "
        "saw against its limit, and the alerts. Peaks are marked in all charts.",
        "给现场经理与设定限值的人:各班组何时偏离受控,各检测器看到的值与限值,告警了什么。高峰在各图中有标记。",
    ),
    ("datasource", "floor", "pool", "team"),
    (
        *TRUST,
        Panel(
            Kind.timeline,
            Text("Verdict of each team", "各班组判定"),
            Text(
                "For the floor manager. One line a team. One line red: speak to that team's "
                "leader. Many red at the same time: one shared cause, a system or a meeting; "
                "find that first. Amber: its leader holds breaks, nothing for you yet. Grey: "
                "nothing is known.",
                "给现场经理。每班组一行。单行变红:与该组组长沟通。多行同时变红:有共同原因(系统或会议),先找原因。黄色:组长先不放人,你暂无需行动。灰色:情况不明。",
            ),
            (Target(team.VERDICT, "{{team}}"),),
            Place(0, 4, 24, 10),
            words=palette.VERDICT_WORDS,
            links=("team",),
        ),
        Panel(
            Kind.timeline,
            Text("Alerts raised", "告警"),
            Text(
                "For the floor manager. Alerts by team (or pool) and detector. Red: a page; it "
                "still active after five minutes: go and see that team. Amber: its leader was "
                "nudged. Other colours: no action. Empty: nothing was raised.",
                "给现场经理。各班组(或技能组)各检测器的告警。红:紧急告警,五分钟后仍未消除:到该组现场看看。黄:已提醒组长。其他颜色:无需行动。空白:没有告警。",
            ),
            (
                Target(control.RAISED, "{{team}} {{detector}}"),
                Target(control.RAISED_OF_POOL, "{{pool}} {{detector}}"),
            ),
            Place(0, 14, 24, 8),
            words=palette.SEVERITIES,
            empty=Text("nothing was raised", "没有告警"),
        ),
        Row(Text("Each detector against its limit", "各检测器与限值"), 22),
        Panel(
            Kind.timeseries,
            Text("Detector statistics", "检测器的统计量"),
            Text(
                "For whoever sets limits. share: heads on break. collective: heads that left "
                "within five minutes; if they left faster, a lower limit holds than the one "
                "drawn beside it. Compare with Page limits before you change a limit; nothing "
                "to do on its own.",
                "给设定限值的人。share:小休人数。collective:五分钟内离开的人数;离开得更急时,实际限值低于旁边所画。调整限值前与「紧急告警线」对照;此图本身无需行动。",
            ),
            (Target(control.STATISTIC, "{{team}} {{detector}}"),),
            Place(0, 23, 12, 9),
            unit=Unit.number,
            least=0,
            empty=Text("no team is large enough to be evaluated", "没有组大到可以判断"),
        ),
        Panel(
            Kind.timeseries,
            Text("Page limits", "紧急告警线"),
            Text(
                "For whoever sets limits. From here on a detector pages; it moves with the "
                "staffed heads and the usual break rate. Reached often and nothing was wrong: "
                "raise `aux_rate` in `[baseline]`.",
                "给设定限值的人。达到即发紧急告警;随在岗人数与平常小休率变化。经常达到而并无异常:调高 [baseline] 的 aux_rate。",
            ),
            (Target(control.LIMIT, "{{team}} {{detector}}"),),
            Place(12, 23, 12, 9),
            unit=Unit.number,
            least=0,
            empty=Text("no team is large enough to be evaluated", "没有组大到可以判断"),
        ),
        Panel(
            Kind.timeline,
            Text("Share: too many on break?", "占比:小休过多?"),
            Text(
                "For the floor manager. Red: more on break than chance explains; in a peak "
                "have the leader ask people back, longest break first. Amber: a sixth of those "
                "staffed, or near the limit; in a peak the leader lets nobody else go. Outside "
                "a peak: nothing to do.",
                "给现场经理。红:小休人数超出正常波动;高峰时让组长请人回来,小休最久者优先。黄:达在岗的六分之一或接近限值;高峰时组长先不再放人。非高峰:无需行动。",
            ),
            (Target(control.SHARE_STATE, "{{team}}"),),
            Place(0, 32, 12, 8),
            words=palette.VERDICT_WORDS,
            links=("team",),
        ),
        Panel(
            Kind.timeline,
            Text("Collective: several left together?", "集体:多人同时离开?"),
            Text(
                "For the floor manager. Red: several went on break nearly together, more than "
                "chance explains. Have the leader ask why first (a meeting, a fault of the "
                "system?); only then ask them back.",
                "给现场经理。红:多人几乎同时去小休,不像偶然。让组长先问原因(会议?系统故障?),再请回。",
            ),
            (Target(control.COLLECTIVE_STATE, "{{team}}"),),
            Place(12, 32, 12, 8),
            words=palette.VERDICT_WORDS,
            links=("team",),
        ),
        Panel(
            Kind.timeline,
            Text("Cover: does anybody serve?", "值守:有人接听吗?"),
            Text(
                "For the floor manager. One line a pool. Red: open and nobody is there, or a call"
                " waits and nobody takes calls. Have somebody log in, or fetch somebody from "
                "break, now.",
                "给现场经理。每个技能组一行。红:营业时间无人,或有排队而无人接听。马上让人签入,或从小休请回一人。",
            ),
            (Target(control.COVER_STATE, "{{pool}}"),),
            Place(0, 40, 24, 6),
            words=palette.VERDICT_WORDS,
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
