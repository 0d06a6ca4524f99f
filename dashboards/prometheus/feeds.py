"""Alerts about the feeds, and about events that are missing, rejected or late."""

from typing import Final

from dashboards.model import Text
from dashboards.prometheus.model import Alert, Severity

FEEDS: Final = (
    Alert(
        "FloorwatchSourceSilent",
        """
max by (floor, source) (floorwatch_source_silent) == 1
unless on (floor)
floor:floorwatch_pool_open:max == 0
""",
        hold="30s",
        keep="1m",
        severity=Severity.critical,
        summary=Text(
            "[NO FEED, not people] A feed is silent.",
            "【数据中断·与员工无关】有一路数据源中断。",
        ),
        description=Text(
            '{{ with printf "time() - '
            'max(floorwatch_source_watermark_timestamp_seconds{floor=%q,source=%q})" '
            "$labels.floor $labels.source | query -}} {{ $labels.floor }}: feed {{ "
            "$labels.source }} silent for {{ . | first | value | humanizeDuration }}. {{- "
            'end }} {{ with printf "count(max by (team) '
            '(floorwatch_team_control_state{floor=%q,detector=\\"verdict\\",state=\\"stale\\"}) '
            '== 1) or vector(0)" $labels.floor | query -}} {{ . | first | value }} teams '
            "grey, aux alerts paused. {{- end }} Leaders: look at the queue display, "
            "nobody has to be spoken to. Engineer: the runbook. Figures will be recomputed.",
            '{{ with printf "time() - '
            'max(floorwatch_source_watermark_timestamp_seconds{floor=%q,source=%q})" '
            "$labels.floor $labels.source | query -}} {{ $labels.floor }}:数据源 {{ "
            "$labels.source }} 已中断 {{ . | first | value | humanizeDuration }}。 {{- end "
            '}} {{- with printf "count(max by (team) '
            '(floorwatch_team_control_state{floor=%q,detector=\\"verdict\\",state=\\"stale\\"}) '
            '== 1) or vector(0)" $labels.floor | query -}} {{ . | first | value }} 个组已变'
            "灰,小休告警暂停。 {{- end -}} 组长:按排队屏管理现场,无需处理人员。工程师:见手"
            "册。恢复后自动补算。",
        ),
    ),
    # Nobody receives it: it inhibits Alertmanager's notifications about these teams, no others.
    Alert(
        "FloorwatchTeamStale",
        """
max by (floor, pool, team) (
  floorwatch_team_control_state{detector="verdict",state="stale"}
)
== 1
""",
        hold="0s",
        keep="15s",
        severity=Severity.none,
        summary=Text(
            "The states of a team's agents are unknown.",
            "某组人员的状态未知。",
        ),
        description=Text(
            "The feed of team {{ $labels.team }} on floor {{ $labels.floor }} is silent: "
            "its verdict is stale, and what was raised of it before is held back.",
            "现场 {{ $labels.floor }} 组 {{ $labels.team }} 的数据源中断:判定已失效,此前的"
            "告警暂不再通知。",
        ),
    ),
    Alert(
        "FloorwatchUnknownShareHigh",
        """
floor:floorwatch_team_agents_unknown:ratio > $unknown_share
unless on (floor)
floor:floorwatch_pool_open:max == 0
""",
        hold="5m",
        keep="2m",
        severity=Severity.warning,
        summary=Text(
            "The state of many agents is not known.",
            "有较多坐席的状态未知。",
        ),
        description=Text(
            "{{ $value | humanizePercentage }} of the agents of floor {{ $labels.floor }} "
            "are in an unknown state: their events do not arrive, or last in a state for "
            "longer than credible. Ratios and alerts of their teams rest on fewer people.",
            "现场 {{ $labels.floor }} 有 {{ $value | humanizePercentage }} 的坐席状态未知:"
            "其事件没有到达,或某状态持续得不合常理。相关组的比率与告警依据的人数变少。",
        ),
    ),
    Alert(
        "FloorwatchAgentsUnassigned",
        """
sum by (floor) (
  max by (floor, pool, state) (floorwatch_team_agents{team="unassigned", state!~"offline|unknown"})
)
> 0
""",
        hold="10m",
        keep="5m",
        severity=Severity.info,
        summary=Text(
            "Agents without a team are at work.",
            "有坐席在岗但不知其所属组。",
        ),
        description=Text(
            "{{ $value }} agents of floor {{ $labels.floor }} are in no team: neither "
            'their events nor the roster names one. They count in the team "unassigned" '
            "alone.",
            "现场 {{ $labels.floor }} 有 {{ $value }} 名坐席不属于任何组:事件与花名册都没有"
            '写明。他们只计入 "unassigned" 组。',
        ),
    ),
    Alert(
        "FloorwatchEventsMostlyBad",
        "max by (instance) (floorwatch_events_mostly_bad) == 1",
        hold="0s",
        keep="5m",
        severity=Severity.critical,
        summary=Text(
            "Most events are rejected or late.",
            "大多数事件被拒收或迟到。",
        ),
        description=Text(
            "Most events that {{ $labels.instance }} read in the last minute were rejected "
            "or late. The figures of their floors are wrong.",
            "{{ $labels.instance }} 最近一分钟读到的事件大多被拒收或迟到,相关现场的数据与实"
            "际不符。",
        ),
    ),
    Alert(
        "FloorwatchEventsRejected",
        "job:floorwatch_events_rejected:ratio_rate5m > $rejected_share",
        hold="10m",
        keep="10m",
        severity=Severity.warning,
        summary=Text(
            "Events are rejected.",
            "有事件被拒收。",
        ),
        description=Text(
            "{{ $value | humanizePercentage }} of all events cannot be read. They lie in "
            "the dead-letter topic; `floorwatch dlq show` says why.",
            "全部事件中有 {{ $value | humanizePercentage }} 无法读取,已存入死信主题"
            ";`floorwatch dlq show` 会说明原因。",
        ),
    ),
    Alert(
        "FloorwatchEventsLate",
        "job:floorwatch_events_late:ratio_rate5m > $late_share",
        hold="10m",
        keep="10m",
        severity=Severity.warning,
        summary=Text(
            "Events arrive too late.",
            "有事件到得太晚,无法计入。",
        ),
        description=Text(
            "{{ $value | humanizePercentage }} of all events were older than `[windows] "
            "grace` lets them be. They lie in the dead-letter topic, and the figures miss "
            "them.",
            "全部事件中有 {{ $value | humanizePercentage }} 超过 `[windows] grace` 允许的迟"
            "到时间,已存入死信主题,数据中没有它们。",
        ),
    ),
)
