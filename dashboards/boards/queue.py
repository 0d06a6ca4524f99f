"""The queue of each pool: what comes, who serves, how long callers wait."""

from typing import Final

from dashboards import palette
from dashboards.boards.trust import TRUST
from dashboards.model import Board, Kind, Panel, Place, Row, Target, Text, Unit
from dashboards.palette import IN_TIME_S
from dashboards.queries import queue, team

QUEUE: Final = Board(
    "queue",
    Text("Queue", "队列"),
    Text(
        "For supervisors and the floor manager: what callers see, pool by pool, and whether it is "
        "demand, staffing or handling that makes them wait.",
        "给值班主管与现场经理:各技能组来电者的实际等待,以及等待来自来电量、人手还是处理时长。",
    ),
    ("datasource", "floor", "pool", "team", "window"),
    (
        *TRUST,
        Panel(
            Kind.timeseries,
            Text("Waiting calls", "排队通数"),
            Text(
                "For the supervisor. Calls that wait now, and those that ring at somebody. 10 or more "
                "waiting (red): ask people back from break; still 10 or more: offer callers to be "
                "rung back.",
                "给值班主管。当前排队通数,以及正在振铃的通数。排队 ≥10(红):先请回小休的人;仍然 ≥10:提供回拨。",
            ),
            (
                Target(queue.WAITING, "{{floor}} {{pool}}"),
                Target(queue.RINGING, Text("{{pool}} ringing", "{{pool}} 振铃")),
            ),
            Place(0, 4, 8, 8),
            unit=Unit.number,
            least=0,
            steps=palette.WAITING,
            lines=True,
            links=("team",),
        ),
        Panel(
            Kind.timeseries,
            Text("Oldest wait", "最久等待"),
            Text(
                "For the supervisor. How long the oldest call has waited. Above a minute: get "
                "somebody to take calls now. In a peak, alerts about breaks page only while "
                "this is above 20 s or nobody is free.",
                "给值班主管。最久的来电已等多久。超过 1 分钟:马上让人接听。高峰中,仅当超过 20 秒或无人空闲时,小休类才会发紧急告警。",
            ),
            (Target(queue.OLDEST, "{{floor}} {{pool}}"),),
            Place(8, 4, 8, 8),
            unit=Unit.clock,
            least=0,
            steps=palette.WAIT,
            lines=True,
        ),
        Panel(
            Kind.timeseries,
            Text("Estimated wait of the next call", "下一通预计等待"),
            Text(
                "For the floor manager. What a new caller has to expect: (waiting + 1) x handle "
                "time / people who take calls. Above a minute for five minutes: offer call-backs."
                " Empty: nobody serves, or no call ended within the hour.",
                "给现场经理。新来电预计要等多久:(排队+1)×处理时长÷接听人数。连续五分钟超过 1 分钟:提供回拨。空白:无人接听,或一小时内没有结束的通话。",
            ),
            (Target(queue.ESTIMATED, "{{floor}} {{pool}}"),),
            Place(16, 4, 8, 8),
            unit=Unit.clock,
            least=0,
            steps=palette.WAIT,
            lines=True,
            empty=Text("unknown", "未知"),
        ),
        Panel(
            Kind.timeseries,
            Text("Offered, answered, abandoned in the window", "窗口内呼入、接通、放弃"),
            Text(
                "For the floor manager. Calls that came, were answered, hung up while waiting, "
                "in the window chosen at the top. Came far above answered: more calls than the "
                "people there can take; see Who serves below.",
                "给现场经理。所选窗口(页面顶部)内呼入、接通、等待中挂断的通数。呼入远高于接通:来电多于在岗的人能接的,看下方「谁在接听」。",
            ),
            (
                Target(queue.OFFERED, Text("{{pool}} offered", "{{pool}} 呼入")),
                Target(queue.ANSWERED, Text("{{pool}} answered", "{{pool}} 接通")),
                Target(queue.ABANDONED, Text("{{pool}} abandoned", "{{pool}} 放弃")),
            ),
            Place(0, 12, 8, 8),
            unit=Unit.number,
            least=0,
        ),
        Panel(
            Kind.timeseries,
            Text(f"Answered within {IN_TIME_S} s", f"{IN_TIME_S} 秒接通率"),
            Text(
                "For the floor manager. Answered within the target time (20 s unless configured),"
                " as a share of answered and abandoned. Below 80 %: find the cause at the same "
                "minute in the charts around it.",
                "给现场经理。目标时间(默认 20 秒)内接通占(接通+放弃)的比例。低于 80%:在周围各图的同一时刻找原因。",
            ),
            (Target(queue.SERVICE_LEVEL, "{{floor}} {{pool}}"),),
            Place(8, 12, 8, 8),
            unit=Unit.share,
            least=0,
            most=1,
            steps=palette.LEVEL,
            lines=True,
            empty=Text("no calls in the window", "窗口内无来电"),
        ),
        Panel(
            Kind.timeseries,
            Text("Abandoned, of answered and abandoned", "放弃率"),
            Text(
                "For the floor manager. Callers who hung up while they waited, as a share of "
                "those answered or hung up. Above 5 %: the wait is too long; bring people back "
                "from break and offer call-backs.",
                "给现场经理。等待中放弃占(接通+放弃)的比例。高于 5%:等待太久,请回小休的人并提供回拨。",
            ),
            (Target(queue.LOST, "{{floor}} {{pool}}"),),
            Place(16, 12, 8, 8),
            unit=Unit.share,
            least=0,
            steps=palette.LOST,
            lines=True,
            empty=Text("no calls in the window", "窗口内无来电"),
        ),
        Row(Text("Who serves", "谁在接听"), 20),
        Panel(
            Kind.timeseries,
            Text("Staffed, serving, free", "在岗、可服务、空闲"),
            Text(
                "For the supervisor. Staffed: logged in for work. Serving: on calls or ready. "
                "Free: ready. Serving falls and staffed stays: people are on break, in training "
                "or a meeting; see Heads by state.",
                "给值班主管。在岗:已签入(含小休、培训、会议)。可服务:通话中或空闲。空闲:可接。在岗不变而可服务下降:人在小休、培训或会议,看「各状态人数」。",
            ),
            (
                Target(queue.STAFF, Text("{{pool}} staffed", "{{pool}} 在岗")),
                Target(queue.SERVING, Text("{{pool}} serving", "{{pool}} 可服务")),
                Target(queue.FREE, Text("{{pool}} free", "{{pool}} 空闲")),
            ),
            Place(0, 21, 8, 8),
            unit=Unit.number,
            least=0,
        ),
        Panel(
            Kind.timeseries,
            Text("Heads by state", "各状态人数"),
            Text(
                "For the supervisor. All who are logged in, stacked. Break grows in a peak: open "
                "the Team board. System grows: call IT, it is not the people. Unknown grows: tell"
                " the SRE.",
                "给值班主管。签入者按状态堆叠。高峰时小休变多:打开「班组」看板。系统置忙变多:找 IT,与员工无关。未知变多:通知运维。",
            ),
            (Target(queue.STAFF_BY_STATE, "{{state}}"),),
            Place(8, 21, 8, 8),
            unit=Unit.number,
            least=0,
            stacked=True,
            names=palette.STATES,
        ),
        Panel(
            Kind.timeseries,
            Text("Handle time of the pool", "技能组处理时长"),
            Text(
                "For the floor manager. Mean talk, hold and after-call work of a call. It "
                "steps up: compare the teams on the Team board. One team: speak to its leader. "
                "All at once: a system or a new script, not people; call IT, or whoever "
                "changed the script.",
                "给现场经理。每通的通话+保持+话后均值。突然抬升:在「班组」看板比较各班组。单个班组:与其组长沟通。所有班组同时:系统或新话术,不是人的问题,找 IT 或改话术的人。",
            ),
            (Target(queue.HANDLE_OF_POOL, "{{floor}} {{pool}}"),),
            Place(16, 21, 8, 8),
            unit=Unit.seconds,
            least=0,
            decimals=0,
            empty=Text("no calls in the window", "窗口内无来电"),
        ),
        Panel(
            Kind.timeseries,
            Text("Talk utilisation of the pool, 69-74 %", "技能组通话利用率,69–74%"),
            Text(
                "For the planner. Talk and hold as a share of paid time. Above 74 % for hours: "
                "plan more people for those hours. Below 69 % for hours, aux rate at 8-9 %, no "
                "caller waits: room for training or coffee.",
                "给排班员。通话与保持占工时。数小时高于 74%:这些时段多排人。数小时低于 69%、小休率 8–9% 且无排队:可安排培训或休息。",
            ),
            (Target(team.TALK_OF_POOL, "{{floor}} {{pool}}"),),
            Place(0, 29, 12, 8),
            unit=Unit.share,
            least=0,
            most=1,
            steps=palette.TALK_BAND,
            lines=True,
            empty=Text("nobody was at work in the window", "窗口内无人工作"),
        ),
        Panel(
            Kind.timeseries,
            Text("Aux rate of the pool, 8-9 %", "技能组小休率,8–9%"),
            Text(
                "For the floor manager. Break (not meals, training, meetings) as a share of paid "
                "time. Above 9 % while callers wait: stagger the teams' breaks. Below 5 %: nobody"
                " rests; send people on break.",
                "给现场经理。小休(不含用餐、培训、会议)占工时。有排队时高于 9%:把各组休息错开。低于 5%:没人休息,安排休息。",
            ),
            (Target(team.AUX_OF_POOL, "{{floor}} {{pool}}"),),
            Place(12, 29, 12, 8),
            unit=Unit.share,
            least=0,
            steps=palette.AUX_RATE,
            lines=True,
            empty=Text("nobody was at work in the window", "窗口内无人工作"),
        ),
        Panel(
            Kind.timeline,
            Text("Peak", "高峰"),
            Text(
                "For everybody. When a peak was scheduled. Alerts about breaks page only in a "
                "peak, and only while callers wait long or nobody is free (see Oldest wait); "
                "the cover alert (nobody takes calls) pages in all opening hours. Nothing to "
                "do here.",
                "给所有人。排定高峰的时段。小休类只在高峰、且有久等来电或无人空闲时发紧急告警(见「最久等待」);值守告警(无人接听)在整个营业时间都发。此图无需行动。",
            ),
            (Target(queue.PEAK, "{{floor}} {{pool}}"),),
            Place(0, 37, 12, 5),
            words=palette.PEAK,
        ),
        Panel(
            Kind.timeline,
            Text("Opening hours", "营业时间"),
            Text(
                "For the floor manager. When each pool was open. Open and nobody takes calls: "
                "the cover alert pages. A pool is missing: it has no hours; have the "
                "administrator enter them (`open` of its `[[pool]]`).",
                "给现场经理。各技能组的营业时段。营业而无人接听:值守会发紧急告警。缺少某技能组:未配置时间,请管理员补上([[pool]] 的 open)。",
            ),
            (Target(queue.OPEN, "{{floor}} {{pool}}"),),
            Place(12, 37, 12, 5),
            words=palette.OPEN,
            empty=Text("no hours configured", "未配置时间"),
        ),
        Row(Text("Call-backs", "回拨"), 42),
        Panel(
            Kind.timeseries,
            Text("Call-backs owed", "待回拨"),
            Text(
                "For the supervisor. Open: callers who were promised to be rung back and still wait "
                "for it. Overdue: for longer than an hour, unless configured otherwise. Overdue "
                "above 0: have the call-back team ring these first. A promise is dropped after "
                "seven days.",
                "给值班主管。待回拨:已答应回拨、尚未回拨的来电者。超时:超过一小时(默认)仍未回拨。超时大于 0:"
                "请回拨组先打这些。七天后不再计。",
            ),
            (
                Target(queue.CALL_BACKS_OPEN, Text("{{pool}} open", "{{pool}} 待回拨")),
                Target(queue.CALL_BACKS_OVERDUE, Text("{{pool}} overdue", "{{pool}} 超时")),
            ),
            Place(0, 43, 12, 8),
            unit=Unit.number,
            least=0,
        ),
        Panel(
            Kind.timeseries,
            Text("Call-backs promised and made in the window", "窗口内答应与完成的回拨"),
            Text(
                "For the floor manager. Promised above made, window after window: more is promised "
                "than the call-back team can ring. Give it people, or stop offering call-backs.",
                "给现场经理。连续多个窗口答应的多于完成的:答应的超过回拨组能打的。给回拨组加人,或停止提供回拨。",
            ),
            (
                Target(queue.CALL_BACKS_PROMISED, Text("{{pool}} promised", "{{pool}} 答应")),
                Target(queue.CALL_BACKS_DONE, Text("{{pool}} made", "{{pool}} 完成")),
            ),
            Place(12, 43, 12, 8),
            unit=Unit.number,
            least=0,
        ),
    ),
    alerts=True,
)
