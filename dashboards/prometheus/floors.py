"""Whether the floors are watched at all, and how old their figures are."""

from typing import Final

from dashboards.model import Text
from dashboards.prometheus.model import Alert, Severity

FLOORS: Final = (
    Alert(
        "FloorwatchWatchdog",
        "vector(1)",
        severity=Severity.none,
        summary=Text(
            "Always firing, so that silence of the whole chain is noticed outside.",
            "始终触发:整条告警链路一旦静默,外部看门狗即可发现。",
        ),
        description=Text(
            "Send it to a dead man's switch outside this site, which alarms when it stops coming.",
            "请把它发往本站点之外的看门狗;一旦收不到即告警。",
        ),
    ),
    Alert(
        "FloorwatchAbsent",
        'absent(up{job="floorwatch"})',
        hold="2m",
        keep="2m",
        severity=Severity.critical,
        summary=Text(
            "Prometheus scrapes no Floorwatch worker.",
            "Prometheus 没有抓取到任何 Floorwatch 工作进程。",
        ),
        description=Text(
            'There is no target with job="floorwatch": nobody watches the floors, or '
            "Prometheus does not know where the workers are.",
            '没有 job="floorwatch" 的抓取目标:无人监看各现场,或 Prometheus 不知道工作进程在哪里。',
        ),
    ),
    Alert(
        "FloorwatchTargetDown",
        'up{job="floorwatch"} == 0',
        hold="1m",
        keep="2m",
        severity=Severity.warning,
        summary=Text(
            "A Floorwatch worker does not answer.",
            "有一个 Floorwatch 工作进程没有应答。",
        ),
        description=Text(
            "{{ $labels.instance }} has not answered for a minute. Other workers take its "
            "floors over within the session timeout; if none is left, FloorwatchFloorGone "
            "follows.",
            "{{ $labels.instance }} 已有一分钟没有应答。其他工作进程会在会话超时内接管其现"
            "场;若已无其他进程,随后会出现 FloorwatchFloorGone。",
        ),
    ),
    Alert(
        "FloorwatchFloorGone",
        """
last_over_time(floor:floorwatch_team_as_of_age_seconds:min[1d])
unless
floor:floorwatch_team_as_of_age_seconds:min
""",
        hold="1m",
        keep="1m",
        severity=Severity.critical,
        summary=Text(
            "No worker has figures of a floor that had some before.",
            "有一个先前有数据的现场,现在没有任何工作进程提供数据。",
        ),
        description=Text(
            "Floor {{ $labels.floor }} has had no figures for a minute. Its wallboard is "
            "empty and nobody is paged for its teams.",
            "现场 {{ $labels.floor }} 已有一分钟没有任何数据:大屏为空,其各组不会有告警。",
        ),
    ),
    Alert(
        "FloorwatchFiguresOld",
        "floor:floorwatch_team_as_of_age_seconds:min > $figures_old_s",
        hold="1m",
        keep="1m",
        severity=Severity.critical,
        summary=Text(
            "The figures of a floor are out of date.",
            "有一个现场的数据已过时。",
        ),
        description=Text(
            "The figures of floor {{ $labels.floor }} are {{ $value | humanizeDuration }} "
            "old: Kafka does not answer, or the worker is catching up. Nobody is paged "
            "meanwhile.",
            "现场 {{ $labels.floor }} 的数据已停在 {{ $value | humanizeDuration }} 之前"
            ":Kafka 没有应答,或工作进程正在追赶。在此期间不发告警。",
        ),
    ),
)
