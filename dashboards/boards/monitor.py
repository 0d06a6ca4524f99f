"""The monitor itself: for those who run it."""

from typing import Final

from dashboards import palette
from dashboards.model import (
    Board,
    Colour,
    Column,
    Kind,
    Panel,
    Place,
    Row,
    Target,
    Text,
    Word,
)
from dashboards.queries import monitor

_RESULTS: Final = {
    "accepted": Word(Text("accepted", "接收"), Colour.good),
    "late": Word(Text("late", "迟到"), Colour.watch),
    "rejected": Word(Text("rejected", "拒收"), Colour.act),
}
_COMMITS: Final = {
    "stored": Word(Text("stored", "已存"), Colour.good),
    "store_away": Word(Text("Redis unavailable", "存储断开"), Colour.act),
    "letters_wait": Word(Text("dead letters wait", "死信待写"), Colour.watch),
    "refused": Word(Text("refused", "被拒"), Colour.better),
}


def _chart(
    x: int, y: int, title: Text, description: Text, *targets: Target, **more: object
) -> Panel:
    return Panel(
        Kind.timeseries,
        title,
        description,
        targets,
        Place(x, y, 8, 8),
        unit=targets[0].query.unit,
        least=0,
        **more,  # type: ignore[arg-type]
    )


def _small(x: int, title: Text, description: Text, target: Target, **more: object) -> Panel:
    return Panel(
        Kind.stat,
        title,
        description,
        (target,),
        Place(x, 0, 4, 5),
        unit=target.query.unit,
        **more,  # type: ignore[arg-type]
    )


MONITOR: Final = Board(
    "monitor",
    Text("Monitor", "监控自身"),
    Text(
        "For the SRE: whether Floorwatch itself is well. Nothing here is about people. Each alert "
        "has its section in the runbook.",
        "给运维:Floorwatch 自身是否正常,与员工无关。每个告警在手册中都有对应章节。",
    ),
    ("datasource", "floor"),
    (
        _small(
            0,
            Text("Workers", "工作进程"),
            Text(
                "For the SRE. Red: a worker does not answer; the others take its floors over "
                "within seconds. Read the end of its log, start it again, then look at Age of the"
                " figures.",
                "给运维。变红:有进程没有应答,其他进程几秒内接管其现场。看它日志末尾,重新启动,再看「数据时延」。",
            ),
            Target(monitor.UP, "{{instance}}"),
            words=palette.UP_DOWN,
        ),
        _small(
            4,
            Text("Age of the figures", "数据时延"),
            Text(
                "For the SRE. Red (half a minute): supervisors see old figures of that floor. "
                "Tell the floor manager; then look at Lag, then at `/readyz` of its worker.",
                "给运维。变红(≥30 秒):该现场主管看到的是旧数据。先告知现场经理,再看积压与其进程的 /readyz。",
            ),
            Target(monitor.FLOOR_AGE, "{{floor}}"),
            steps=palette.AGE,
            decimals=0,
        ),
        _small(
            8,
            Text("Feeds", "数据源"),
            Text(
                "For the SRE. Red: a feed is silent in opening hours. Call its owner and tell the"
                " floor manager; its teams are grey meanwhile, and nobody is paged about them.",
                "给运维。变红:营业时间数据源中断。联系其负责人并告知现场经理;期间各班组显示灰色,不会因此发紧急告警。",
            ),
            Target(monitor.SOURCE_SILENT, "{{floor}} {{source}}"),
            words=palette.SILENT,
        ),
        _small(
            12,
            Text("Redis", "Redis"),
            Text(
                "For the SRE. Red: a worker could not write to Redis and goes on from memory. "
                "Find out whether Redis is down, full or slow. Do not restart the worker: without"
                " Redis it cannot start.",
                "给运维。变红:该进程写不进 Redis,正凭内存继续。查 Redis 是宕机、写满还是变慢。不要重启该进程:没有 Redis 它无法启动。",
            ),
            Target(monitor.REDIS, "{{instance}}"),
            words=palette.UP_DOWN,
        ),
        _small(
            16,
            Text("Topics", "主题"),
            Text(
                "For the SRE. Red: a Kafka topic is missing or refuses writes. Create or "
                "repair it. Dead letters: until then the first bad event stops all storing. "
                "Control: until then the record of alerts waits in Redis.",
                "给运维。变红:Kafka 主题不存在或拒绝写入,请创建或修复。死信主题:否则遇到第一个坏事件就停止存盘。控制主题:修复前告警记录在 Redis 中积压。",
            ),
            Target(monitor.TOPICS, "{{topic}}"),
            words=palette.UP_DOWN,
        ),
        _small(
            20,
            Text("Alerts not delivered", "未送达的告警"),
            Text(
                "For the SRE. Red: a receiver (Alertmanager, chat, webhook) does not take alerts,"
                " so leaders get no alerts. Tell the floor manager now, then repair the receiver.",
                "给运维。变红:接收端(Alertmanager、聊天、网络钩子)不收告警,组长收不到。马上告知现场经理,再修接收端。",
            ),
            Target(monitor.PENDING, "{{sink}}"),
            steps=palette.ANY_IS_BAD,
            empty=Text("no sink", "无接收端"),
        ),
        Panel(
            Kind.table,
            Text("Alerts about the monitor", "监控自身的告警"),
            Text(
                "For the SRE. What fires now by the shipped rules. Each has a section in the "
                "runbook: meaning, first command, whom to call. Empty: nothing fires.",
                "给运维。随附规则当前触发的告警。手册有对应章节:含义、首条命令、联系谁。空白:没有触发。",
            ),
            (Target(monitor.FIRING, column=Text("firing", "触发")),),
            Place(0, 5, 12, 8),
            empty=Text("nothing fires", "没有触发"),
            columns=(
                Column("alertname", Text("alert", "告警"), width=260),
                Column("severity", Text("severity", "级别"), width=100),
                Column("floor", Text("floor", "现场")),
                Column("instance", Text("worker", "进程")),
            ),
        ),
        Panel(
            Kind.table,
            Text("Which version runs where", "各进程版本"),
            Text(
                "For the SRE. Version and hash of the rules of each worker. Two hashes: workers "
                "evaluate with different limits; finish the roll-out.",
                "给运维。各进程的版本与规则哈希。出现两个哈希:各进程按不同限值判断,请完成发布。",
            ),
            (Target(monitor.BUILD, column=Text("runs", "运行")),),
            Place(12, 5, 12, 8),
            columns=(
                Column("instance", Text("worker", "进程")),
                Column("version", Text("version", "版本")),
                Column("config", Text("rules", "规则")),
            ),
        ),
        Row(Text("In", "输入"), 13),
        _chart(
            0,
            14,
            Text("Events by what became of them", "事件去向"),
            Text(
                "For the SRE. Late or rejected rises: `floorwatch dlq show` says which and why. "
                "All lines at zero in opening hours: the feed or Kafka is down; see Age of each "
                "feed, then Lag.",
                "给运维。迟到或拒收上升:floorwatch dlq show 会说明。营业时间全部归零:数据源或 Kafka 中断,先看各数据源时延,再看积压。",
            ),
            Target(monitor.EVENTS, "{{result}}"),
            names=_RESULTS,
            empty=Text("no event yet", "尚无事件"),
        ),
        _chart(
            8,
            14,
            Text("Rejected by reason", "拒收原因"),
            Text(
                "For the SRE, to pass to the feed's owner. Events refused, by reason; `floorwatch"
                " dlq show` lists them. ahead: the sender's clock is fast. The sender has to be "
                "mended. Empty: none was refused.",
                "给运维,转数据源负责人。按原因统计的拒收事件,明细见 floorwatch dlq show。ahead:发送方时钟偏快。须修正发送方。空白:没有拒收。",
            ),
            Target(monitor.REJECTED, "{{reason}}"),
            empty=Text("nothing rejected", "没有拒收"),
        ),
        _chart(
            16,
            14,
            Text("Late events", "迟到事件"),
            Text(
                "For the SRE, to pass to the feed's owner. Events that came too late to be "
                "counted (past `grace`). A step up: a gateway holds events back; find it and mend"
                " it, the hour's figures stay short.",
                "给运维,转数据源负责人。来得太迟、无法计入的事件(超过 grace)。突然上升:有网关在积压事件,找到并修好;该小时的数据会偏少。",
            ),
            Target(monitor.LATE, Text("late", "迟到")),
        ),
        _chart(
            0,
            22,
            Text("Lag", "积压"),
            Text(
                "For the SRE. Records that wait in Kafka. Falling: wait. Growing: a worker has no"
                " CPU left (see CPU of workers; add one), or Redis is slow (see Time of a "
                "commit).",
                "给运维。Kafka 中等待的记录。在下降:等。在上升:进程 CPU 用尽(看进程 CPU,增加进程)或 Redis 慢(看提交耗时)。",
            ),
            Target(monitor.LAG, "{{instance}}"),
            steps=palette.LAG,
            lines=True,
        ),
        _chart(
            8,
            22,
            Text("Age of each feed", "各数据源时延"),
            Text(
                "For the SRE. Time since the newest event of a feed. It rises in a straight line:"
                " the site is closed, or the feed is dead. In opening hours: call its owner.",
                "给运维。各数据源最新事件距今多久。直线上升:该职场已下班,或数据源断了。营业时间:联系其负责人。",
            ),
            Target(monitor.SOURCE_AGE, "{{floor}} {{source}}"),
        ),
        _chart(
            16,
            22,
            Text("Agents in an unknown state", "状态未知的坐席"),
            Text(
                "For the SRE. Share of agents whose state nobody knows. Above 10 %: all ratios "
                "rest on the others; ask the feed's owner whether it was restarted or misses "
                "events.",
                "给运维。状态不明的坐席占比。高于 10%:各比率只依据其余人;请问数据源负责人是否重启过或漏发事件。",
            ),
            Target(monitor.UNKNOWN, "{{floor}}"),
            steps=palette.UNKNOWN,
            lines=True,
            empty=Text("nobody logged in", "无人签入"),
        ),
        Row(Text("Work", "处理"), 30),
        _chart(
            0,
            31,
            Text("Commits", "提交"),
            Text(
                "For the SRE. Writes by result. Redis unavailable: see Redis. dead letters wait: see "
                "Topics. refused (a write, not an event): another worker has those floors; seldom is normal, often: see "
                "Partitions by worker.",
                "给运维。按结果统计的写入。存储断开:看 Redis。死信待写:看主题。被拒(指写入):现场已归别的进程;偶尔正常,频繁则看各进程分区数。",
            ),
            Target(monitor.COMMITS, "{{result}}"),
            names=_COMMITS,
        ),
        _chart(
            8,
            31,
            Text("Time of a commit, a refresh, a rendering", "提交、刷新、渲染耗时"),
            Text(
                "For the SRE. Mean times. Refresh near 0.5 s: too many agents in a partition; use more"
                " partitions. Commit near 1 s: Redis is slow. Rendering near 1 s: too many "
                "series; see Series of a scrape.",
                "给运维。均值。刷新接近 0.5 秒:分区内坐席太多,增加分区。提交接近 1 秒:Redis 慢。渲染接近 1 秒:序列太多,看每次抓取的序列数。",
            ),
            Target(monitor.COMMIT_TIME, Text("{{instance}} commit", "{{instance}} 提交")),
            Target(monitor.TICK_TIME, Text("{{instance}} refresh", "{{instance}} 刷新")),
            Target(monitor.RENDER_TIME, Text("{{instance}} rendering", "{{instance}} 渲染")),
            steps=palette.SLOW,
            lines=True,
            empty=Text("no worker has done any yet", "尚无进程执行过"),
        ),
        _chart(
            16,
            31,
            Text("Partitions by worker", "各进程分区数"),
            Text(
                "For the SRE. The sum is the number of partitions. Below it for a minute: "
                "floors without a worker; start one. Uneven or moving for long: a worker keeps "
                "restarting; read its log.",
                "给运维。合计应等于分区总数。低于总数持续一分钟:有现场没有进程,启动一个。长期不均或变动:有进程反复重启,看它的日志。",
            ),
            Target(monitor.PARTITIONS, "{{instance}}"),
            stacked=True,
        ),
        _chart(
            0,
            39,
            Text("Restores", "恢复耗时"),
            Text(
                "For the SRE. How long floors that moved to another worker had no new figures "
                "(mean of an hour). Above 15 s: see Lag, then the time of a commit. Empty: "
                "nothing moved.",
                "给运维。移交到另一进程的现场多久没有新数据(一小时均值)。超过 15 秒:看积压,再看提交耗时。空白:没有移交。",
            ),
            Target(monitor.RESTORE_TIME, "{{instance}}"),
            empty=Text("nothing moved", "没有移交"),
        ),
        _chart(
            8,
            39,
            Text("Alerts handed to sinks", "送往接收端"),
            Text(
                "For the SRE. Attempts to deliver, by receiver and result. failed keeps "
                "rising: leaders get no alerts. Tell the floor manager, read the receiver's "
                "answer in the worker's log, repair the receiver.",
                "给运维。按接收端与结果统计的发送尝试。failed 持续上升:组长收不到。告知现场经理,在进程日志里看接收端的应答,修好接收端。",
            ),
            Target(monitor.DELIVERIES, "{{sink}} {{result}}"),
            empty=Text("nothing sent yet", "尚未发送"),
        ),
        _chart(
            16,
            39,
            Text("Workers with mostly rejected events", "事件多被拒收的进程"),
            Text(
                "For the SRE. 1: most events of a worker's last minute were rejected, and its "
                "floors' figures are wrong. Tell the floor manager, run `floorwatch dlq show`, "
                "call the feed's owner.",
                "给运维。1:该进程最近一分钟的事件大多被拒收,其现场数据有误。告知现场经理,运行 floorwatch dlq show,联系数据源负责人。",
            ),
            Target(monitor.MOSTLY_BAD, "{{instance}}"),
            steps=palette.ANY_IS_BAD,
            lines=True,
            most=1,
        ),
        Row(Text("Memory and machines", "内存与机器"), 47),
        _chart(
            0,
            48,
            Text("Memory of Redis", "Redis 内存"),
            Text(
                "For whoever runs Redis. It rises with the archive for as long as `[archive] "
                "keep` says, then stays level. How much room is left: the panel beside it. It "
                "rises on: report it to the project.",
                "给 Redis 运维。随归档上升,到 [archive] keep 的期限后持平。余量见旁边一图。仍继续上升:请反馈给项目。",
            ),
            Target(monitor.REDIS_MEMORY, "{{server}}"),
        ),
        _chart(
            8,
            48,
            Text("Share of Redis' maxmemory in use", "maxmemory 占用比例"),
            Text(
                "For whoever runs Redis. Above 80 %: raise maxmemory or shorten `[archive] keep`;"
                " when it is full nothing is stored any more. Empty: Redis has no limit.",
                "给 Redis 运维。高于 80%:调高 maxmemory 或缩短 [archive] keep;用满后不再存盘。空白:没有上限。",
            ),
            Target(monitor.REDIS_PART, "{{server}}"),
            steps=palette.MEMORY,
            lines=True,
            most=1,
            empty=Text("no maxmemory", "无上限"),
        ),
        _chart(
            16,
            48,
            Text("Memory of workers", "进程内存"),
            Text(
                "For the SRE. Normal: 150 MB, and about 8 KB an agent. It rises for hours and "
                "does not level off: a leak; report it to the project with this chart and the log.",
                "给运维。正常:150 MB 加每坐席约 8 KB。连续数小时上升不持平:内存泄漏,请附此图与日志反馈给项目。",
            ),
            Target(monitor.PROCESS_MEMORY, "{{instance}}"),
        ),
        _chart(
            0,
            56,
            Text("CPU of workers", "进程 CPU"),
            Text(
                "For the SRE. 100 % is one core, all that a worker can use. Near it for long: more "
                "workers, up to the number of partitions.",
                "给运维。100% 为一个核,也是单个进程的上限。长期接近:增加进程,最多到分区数。",
            ),
            Target(monitor.PROCESS_CPU, "{{instance}}"),
        ),
        _chart(
            8,
            56,
            Text("Series of a scrape", "每次抓取的序列数"),
            Text(
                "For whoever runs Prometheus. Time series of one scrape; about 220 a team. More "
                "than Prometheus can hold: name fewer `windows` in `[metrics]`, or leave metrics "
                "out by `without`.",
                "给 Prometheus 运维。每次抓取的时间序列数,每组约 220 条。超出承受:在 [metrics] 中减少 windows,或用 without 去掉一些指标。",
            ),
            Target(monitor.SERIES, "{{instance}}"),
        ),
        _chart(
            16,
            56,
            Text("Teams, pools, feeds without series", "没有序列的班组、技能组、数据源"),
            Text(
                "For whoever runs Prometheus. Above 0: so many teams, pools and feeds are missing"
                " on all boards, since `rows_max` in `[metrics]` is reached. Raise it.",
                "给 Prometheus 运维。大于 0:达到 [metrics] 的 rows_max,这么多班组、技能组、数据源在各看板上缺失。请调高。",
            ),
            Target(monitor.LEFT_OUT, "{{kind}}"),
            steps=palette.ANY_IS_BAD,
            lines=True,
        ),
        _chart(
            0,
            64,
            Text("Records lost to retention", "因保留期丢失的记录"),
            Text(
                "For the SRE. Records that Kafka removed within the last hour before they were "
                "read, by partition. Above 0: figures of that time are too low for good. Lengthen "
                "the topic's retention.",
                "给运维。最近一小时内 Kafka 在读取之前就已删除的记录,按分区。大于 0:该时段的数据永久偏少。请延长主题的保留期。",
            ),
            Target(monitor.RECORDS_LOST, "{{partition}}"),
            steps=palette.ANY_IS_BAD,
            lines=True,
            empty=Text("no worker reads yet", "尚无进程读取"),
        ),
        _chart(
            8,
            64,
            Text("Odd call events", "异常通话事件"),
            Text(
                "For the SRE, to pass to the feed's owner. Call events that do not fit the others of "
                "their call. A short burst after a reconnect is normal. One kind at all hours: the "
                "feed sends phases twice or not at all; docs/events.md says which.",
                "给运维,转数据源负责人。与同一通话其他事件不符的通话事件。重连后短暂增多属正常。"
                "某一类持续出现:数据源重复或漏发某个阶段,见 docs/events.md。",
            ),
            Target(monitor.ODD_CALL_EVENTS, "{{kind}}"),
        ),
        _chart(
            16,
            64,
            Text("Events on hold", "暂挂事件"),
            Text(
                "For the SRE. Events far ahead of their floor that nothing confirms yet. Above 0 for "
                "minutes: a source's clock is fast, or all other sources are down. The brokers' own "
                "time stamps (LogAppendTime) need no hold.",
                "给运维。时间远超所在楼层、尚未得到证实的事件。数分钟大于 0:某数据源时钟偏快,或其他数据源都已中断。"
                "使用 Kafka 自己的时间戳(LogAppendTime)则无需暂挂。",
            ),
            Target(monitor.HELD, "{{instance}}"),
            steps=palette.NONE_IS_GOOD,
            lines=True,
        ),
    ),
)
