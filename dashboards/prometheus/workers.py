"""Alerts about Kafka, Redis and the workers' own speed."""

from typing import Final

from dashboards.model import Text
from dashboards.prometheus.model import Alert, Severity

WORKERS: Final = (
    Alert(
        "FloorwatchTopicDown",
        "min by (topic) (floorwatch_topic_up) == 0",
        hold="1m",
        keep="2m",
        severity=Severity.critical,
        summary=Text(
            "A topic is missing or rejects records.",
            "有一个主题不存在,或不接收数据。",
        ),
        description=Text(
            "Topic {{ $labels.topic }} does not exist or rejects what is sent to "
            "it. Without the dead-letter topic nothing is stored from the first bad event "
            "on; without the control topic the steps of alerts wait in Redis.",
            "主题 {{ $labels.topic }} 不存在,或不接收数据。没有死信主题,从第一个坏事件起就"
            "不再存盘;没有控制主题,告警步骤会积在 Redis 里。",
        ),
    ),
    Alert(
        "FloorwatchLagHigh",
        "sum by (job) (floorwatch_consumer_lag_events) > $lag_records",
        hold="2m",
        keep="1m",
        severity=Severity.warning,
        summary=Text(
            "Records wait to be read.",
            "有记录等待读取。",
        ),
        description=Text(
            "{{ $value | humanize }} records wait in Kafka. While workers catch up, the "
            "figures are of the past and nobody is paged for what was.",
            "Kafka 中有 {{ $value | humanize }} 条记录等待读取。追赶期间数据属于过去,也不会"
            "为已过去的事发告警。",
        ),
    ),
    # increase() misses what was counted in the moment in which a series began.
    Alert(
        "FloorwatchRecordsLost",
        """
sum by (instance, partition) (
  floorwatch_records_lost_total
  -
  (floorwatch_records_lost_total offset 1h or 0 * floorwatch_records_lost_total)
)
> 0
""",
        hold="0s",
        keep="15m",
        severity=Severity.critical,
        summary=Text(
            "Kafka removed records before they were read.",
            "Kafka 在读取之前就删除了记录。",
        ),
        description=Text(
            "Retention removed {{ $value | humanize }} records of partition "
            "{{ $labels.partition }} before {{ $labels.instance }} read them. They are in no "
            "figure, and nobody was paged for what they held.",
            "在 {{ $labels.instance }} 读取之前,保留期已删除分区 {{ $labels.partition }} 的 "
            "{{ $value | humanize }} 条记录。这些记录不在任何数据中,也不会为其内容发告警。",
        ),
    ),
    Alert(
        "FloorwatchCommitFailing",
        """
sum by (instance, result) (
  increase(floorwatch_commits_total{result!="stored"}[5m])
)
> $commits_failed
""",
        hold="1m",
        keep="2m",
        severity=Severity.warning,
        summary=Text(
            "Commits fail.",
            "提交失败。",
        ),
        description=Text(
            "{{ $labels.instance }} could not commit {{ $value | humanize }} times in five "
            "minutes ({{ $labels.result }}). It goes on from memory; after a restart it "
            "reads again.",
            "{{ $labels.instance }} 在五分钟内有 {{ $value | humanize }} 次未能提交({{ "
            "$labels.result }})。它凭内存继续工作;重启后会重新读取。",
        ),
    ),
    Alert(
        "FloorwatchRedisAway",
        "min by (instance) (floorwatch_redis_up) == 0",
        hold="30s",
        keep="1m",
        severity=Severity.critical,
        summary=Text(
            "Redis does not answer a worker.",
            "Redis 对工作进程没有应答。",
        ),
        description=Text(
            "{{ $labels.instance }} goes on from memory: alerts and metrics are current, "
            "the figures in Redis are not, and no floor can move to another worker.",
            "{{ $labels.instance }} 凭内存继续工作:告警与指标仍是最新,但 Redis 中的数据不是"
            ",现场也无法移交给其他进程。",
        ),
    ),
    Alert(
        "FloorwatchRedisDamaged",
        "max by (instance) (floorwatch_redis_damaged_partitions) > 0",
        hold="30s",
        keep="1m",
        severity=Severity.critical,
        summary=Text(
            "Keys of Floorwatch in Redis are damaged.",
            "Redis 中 Floorwatch 的键已损坏。",
        ),
        description=Text(
            "{{ $labels.instance }}: {{ $value }} partitions are not stored, or wait to be "
            "acquired; /readyz names the keys. Other partitions are not concerned.",
            "{{ $labels.instance }}:{{ $value }} 个分区无法存盘或正等待接管;/readyz 会列出相关键。"
            "其他分区不受影响。",
        ),
    ),
    Alert(
        "FloorwatchRedisUnfit",
        "max by (instance) (floorwatch_redis_unfit) == 1",
        hold="30s",
        keep="1m",
        severity=Severity.critical,
        summary=Text(
            "Redis may evict the state of Floorwatch.",
            "Redis 可能淘汰 Floorwatch 的状态。",
        ),
        description=Text(
            "{{ $labels.instance }}: somebody has changed the settings of Redis; /readyz says "
            "which. State may go while its offset stays.",
            "{{ $labels.instance }}:Redis 的设置被改动,/readyz 会说明是哪一项。"
            "状态可能丢失而位移仍在。",
        ),
    ),
    Alert(
        "FloorwatchRedisMemoryHigh",
        """
max by (server) (floorwatch_redis_memory_used_bytes)
/ max by (server) (floorwatch_redis_memory_max_bytes)
> $redis_memory_share
""",
        hold="5m",
        keep="5m",
        severity=Severity.warning,
        summary=Text(
            "Redis is near its memory limit.",
            "Redis 接近内存上限。",
        ),
        description=Text(
            "Redis at {{ $labels.server }} uses {{ $value | humanizePercentage }} of its "
            "maxmemory. When it is full it refuses all writes: nothing is lost, and "
            "nothing is stored.",
            "{{ $labels.server }} 上的 Redis 已用 {{ $value | humanizePercentage }} 的 "
            "maxmemory。用满后会拒绝一切写入:不丢数据,但也不再存盘。",
        ),
    ),
    Alert(
        "FloorwatchRulesDiffer",
        "max by (job) (floorwatch_rules_differ) == 1",
        hold="2m",
        keep="1m",
        severity=Severity.warning,
        summary=Text(
            "Workers have different rules.",
            "各工作进程的规则不一致。",
        ),
        description=Text(
            "Workers of one group have different configurations or rosters, so each floor is "
            "evaluated by the rules of the worker that has it, and changes them when it moves. "
            "The workers' logs name them.",
            "同一组的工作进程配置或花名册不一致:各现场按其所在进程的规则判断,移交后规则随之"
            "改变。日志会写明是哪些进程。",
        ),
    ),
    Alert(
        "FloorwatchLimitReached",
        """
sum by (job) (
  increase(floorwatch_events_rejected_total{reason="over_limit"}[5m])
)
> 0
""",
        hold="0s",
        keep="5m",
        severity=Severity.critical,
        summary=Text(
            "Events with new names are rejected: a limit is reached.",
            "名称数已达上限,含新名称的事件被拒收。",
        ),
        description=Text(
            "A partition has as many agents, teams, pools, sources or floors as [limits] "
            "allows: {{ $value | humanize }} events in five minutes were rejected. Names that "
            "are known go on. Either a producer makes names up, or the limit is too low.",
            "某分区的人员、组、池、数据源或现场数已达 [limits] 上限:五分钟内拒收 {{ $value | "
            "humanize }} 个事件。已有名称不受影响。可能是数据源乱造名称,也可能是上限太低。",
        ),
    ),
    # increase() misses what a young process restored before its first scrape.
    Alert(
        "FloorwatchRestoreSlow",
        """
sum by (job) (
  (
    floorwatch_restore_seconds_sum
    and on (job, instance) (time() - process_start_time_seconds < 900)
  )
  or
  increase(floorwatch_restore_seconds_sum[15m])
)
/
sum by (job) (
  (
    floorwatch_restore_seconds_count
    and on (job, instance) (time() - process_start_time_seconds < 900)
  )
  or
  increase(floorwatch_restore_seconds_count[15m])
)
> $restore_s
""",
        hold="0s",
        keep="15m",
        severity=Severity.warning,
        summary=Text(
            "Taking floors over takes long.",
            "接管现场耗时过长。",
        ),
        description=Text(
            "In the last quarter of an hour floors that moved between workers were blind "
            "for {{ $value | humanizeDuration }} on average, beside the session timeout.",
            "最近一刻钟内,在工作进程间移交的现场平均有 {{ $value | humanizeDuration }} 没有"
            "数据(会话超时另计)。",
        ),
    ),
    Alert(
        "FloorwatchRefreshSlow",
        "instance:floorwatch_tick_seconds:mean5m > $refresh_s",
        hold="5m",
        keep="5m",
        severity=Severity.warning,
        summary=Text(
            "Computing the figures takes long.",
            "计算数据耗时过长。",
        ),
        description=Text(
            "One refresh of a partition's figures takes {{ $value | humanizeDuration }} at "
            "{{ $labels.instance }}, and a second is all there is. Spread the floors over "
            "more partitions and workers.",
            "{{ $labels.instance }} 刷新一个分区的数据要 {{ $value | humanizeDuration }},而"
            "每秒就要刷新一次。请把各现场分到更多分区和进程。",
        ),
    ),
)
