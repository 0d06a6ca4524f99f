"""The worker's own alerts, sent by Prometheus instead of a sink."""

from typing import Final

from dashboards.model import Text
from dashboards.prometheus.model import Alert

TEAMS: Final = (
    Alert(
        "FloorwatchCover",
        (
            "max by (floor, pool, detector, severity) "
            '(floorwatch_pool_alert{detector="cover", severity=~"page|nudge"}) == 1'
        ),
        hold="0s",
        keep="1m",
        summary=Text(
            "Nobody serves a pool.",
            "有一个技能组无人接听。",
        ),
        description=Text(
            "{{ $labels.pool }} ({{ $labels.floor }}): nobody takes calls in opening "
            "hours, or while callers wait. Find out who can log in now, or send the calls "
            "elsewhere.",
            "{{ $labels.pool }}({{ $labels.floor }}):营业时间内无人接听,或有来电排队而无人"
            "接听。请立即找人签入,或转接来电。",
        ),
        board="queue",
    ),
    Alert(
        "FloorwatchShare",
        (
            "max by (floor, pool, team, detector, severity) "
            '(floorwatch_team_alert{detector="share", severity=~"page|nudge"}) == 1'
        ),
        hold="0s",
        keep="1m",
        summary=Text(
            "More of a team are on break than chance explains.",
            "某组小休人数多得不能用偶然解释。",
        ),
        description=Text(
            "{{ $labels.team }} ({{ $labels.floor }}): too many on break at once. At a "
            "peak ask some back, longest break first; move meetings and trainings past the "
            "peak.",
            "{{ $labels.team }}({{ $labels.floor }}):同时小休的人过多。高峰时请先请回部分人"
            ",休息最久者优先;会议、培训移到高峰之后。",
        ),
        board="team",
    ),
    Alert(
        "FloorwatchCollective",
        (
            "max by (floor, pool, team, detector, severity) "
            '(floorwatch_team_alert{detector="collective", severity=~"page|nudge"}) == 1 '
            "or max by (floor, pool, detector, severity) "
            '(floorwatch_pool_alert{detector="collective", severity=~"page|nudge"}) == 1'
        ),
        hold="0s",
        keep="1m",
        summary=Text(
            "Several people left the calls together.",
            "有多人同时离开接听状态。",
        ),
        description=Text(
            "{{ with $labels.team }}{{ . }}{{ else }}{{ $labels.pool }}{{ end }} ({{ "
            "$labels.floor }}): several people went within a short time. Find out why "
            "before asking them back: a special cause, such as a system that is down, is "
            "not theirs.",
            "{{ with $labels.team }}{{ . }}{{ else }}{{ $labels.pool }}{{ end }}({{ "
            "$labels.floor }}):短时间内有多人离开。请先问清原因再请回:系统故障等特殊原因不"
            "怪员工。",
        ),
        board="team",
    ),
)
