"""The wallboard: one screen, read from five metres, the team that needs attention most on top."""

from typing import Final

from dashboards import palette
from dashboards.model import Board, Column, Kind, Panel, Place, Target, Text, Unit
from dashboards.palette import IN_TIME_S
from dashboards.queries import monitor, queue, team


def _head(x: int, title: Text, description: Text, target: Target, **more: object) -> Panel:
    return Panel(
        Kind.stat,
        title,
        description,
        (target,),
        Place(x, 0, 3, 5),
        unit=target.query.unit,
        large=True,
        **more,  # type: ignore[arg-type]
    )


WALLBOARD: Final = Board(
    "wallboard",
    Text("Wallboard", "大屏"),
    Text(
        "For everybody on the floor, from five metres: the queue, who is there, and the team that "
        "needs attention most on top. No names of people.",
        "给现场所有人,五米外可读:排队、在岗人数,最需关注的班组排在最上。不出现姓名。",
    ),
    ("datasource", "floor", "pool", "team", "window"),
    (
        _head(
            0,
            Text("WAITING", "排队"),
            Text(
                "For the supervisor. Calls that wait now, by pool. Red (10 or more) and nobody "
                "FREE: ask people back from break, top team first. People FREE beside a queue: "
                "calls do not reach them; call IT.",
                "给值班主管。各技能组当前排队通数。变红(≥10)且无人空闲:从最上面的组开始请回小休的人。有人空闲却有排队:来电没有分到人,找 IT。",
            ),
            Target(queue.WAITING, "{{pool}}"),
            steps=palette.WAITING,
        ),
        _head(
            3,
            Text("LONGEST", "最久等待"),
            Text(
                "For the supervisor. How long the oldest waiting call has waited. Red (a minute): a "
                "caller is about to hang up; somebody has to take calls now.",
                "给值班主管。排队最久的来电已等多久。变红(≥1 分钟):来电者快要挂断,必须马上有人接听。",
            ),
            Target(queue.OLDEST, "{{pool}}"),
            steps=palette.WAIT,
        ),
        _head(
            6,
            Text("EST. WAIT", "预计等待"),
            Text(
                "For the supervisor. What a caller who comes now has to expect. Red (a minute) "
                "for five minutes: offer call-backs. Empty: nobody serves, or no call ended "
                "within the hour.",
                "给值班主管。现在打进来预计要等多久。连续五分钟变红(≥1 分钟):提供回拨。空白:无人接听,或一小时内没有结束的通话。",
            ),
            Target(queue.ESTIMATED, "{{pool}}"),
            steps=palette.WAIT,
            empty=Text("unknown", "未知"),
        ),
        _head(
            9,
            Text(f"WITHIN {IN_TIME_S} s", f"{IN_TIME_S} 秒接通率"),
            Text(
                "For the supervisor. Answered within the target time (20 s unless configured), of answered "
                "or given up, "
                "in the window chosen at the top. Amber below 80 %, red below 70 %: too late "
                "to change; act on WAITING and LONGEST, find the cause on the Queue board.",
                "给值班主管。所选窗口(页面顶部)内,目标时间(默认 20 秒)内接通占(接通+放弃)。低于 80% 变黄,低于 70% 变红:已无法补救;按「排队」「最久等待」行动,到「队列」看板找原因。",
            ),
            Target(queue.SERVICE_LEVEL, "{{pool}}"),
            steps=palette.LEVEL,
            decimals=0,
            empty=Text("no calls", "无来电"),
        ),
        _head(
            12,
            Text("GAVE UP", "放弃率"),
            Text(
                "For the supervisor. Callers who hung up while they waited, of those answered "
                "or hung up in the window chosen at the top. Red (5 %): the wait is too long; "
                "get people to take calls, offer call-backs.",
                "给值班主管。所选窗口(页面顶部)内,等待中放弃占(接通+放弃)的比例。变红(≥5%):等待太久,让人接听,并提供回拨。",
            ),
            Target(queue.LOST, "{{pool}}"),
            steps=palette.LOST,
            decimals=1,
            empty=Text("no calls", "无来电"),
        ),
        _head(
            15,
            Text("FREE", "空闲"),
            Text(
                "For the supervisor. Agents ready for a call. Amber (nobody): the next call "
                "has to wait. WAITING rises too: ask people back from break; else nothing to "
                "do.",
                "给值班主管。可接来电的坐席数。变黄(0 人):下一通要排队。「排队」也在上升:请回小休的人;否则无需行动。",
            ),
            Target(queue.FREE, "{{pool}}"),
            steps=palette.FREE,
        ),
        _head(
            18,
            Text("PEAK", "高峰"),
            Text(
                "For everybody. Whether it is a scheduled peak: then breaks are taken one after the "
                "other, and meetings wait.",
                "给所有人。现在是否为排定的高峰:高峰时小休错开,会议顺延。",
            ),
            Target(queue.PEAK, "{{pool}}"),
            words=palette.PEAK,
        ),
        _head(
            21,
            Text("DATA AGE", "数据时延"),
            Text(
                "For everybody. Age of the figures here. Red (half a minute): do not act "
                "on this screen; look at the telephone system's own display, and tell the SRE.",
                "给所有人。此屏数据的时延。变红(≥30 秒):不要凭此屏行动,看话务系统自带的屏,并通知运维。",
            ),
            Target(monitor.FLOOR_AGE, "{{floor}}"),
            steps=palette.AGE,
            decimals=0,
            empty=Text("NO DATA", "无数据"),
        ),
        Panel(
            Kind.stat,
            Text("WHO IS THERE", "签入人员"),
            Text(
                "For the supervisor. Heads logged in, by state. System (red): the telephone "
                "system took people off the calls; call IT, it is not the people. Many unknown: "
                "tell the SRE.",
                "给值班主管。签入者按状态。系统置忙(红):话务系统把人置为不可接听,找 IT,与员工无关。大量未知:通知运维。",
            ),
            (Target(queue.STAFF_BY_STATE, "{{state}}"),),
            Place(0, 5, 24, 4),
            large=True,
            names=palette.STATES,
            steps=palette.PLAIN,
        ),
        Panel(
            Kind.table,
            Text("TEAMS, what needs attention first", "各班组(最需关注者在上)"),
            Text(
                "For leaders. Most pressing team on top. Break: k of n now, line at 1/6. Talk "
                "and hold of the last hour: 69-74 %. ACT: open Team; too many on break: "
                "longest break back first. No feed: nothing is known; ask nobody back.",
                "给组长。最紧要的班组在最上。小休:现有 k/n 人,1/6 线。近一小时通话与保持:69–74%。需处理:打开「班组」;小休过多则小休最久者先回。无数据:情况不明,不要据此请人回来。",
            ),
            (
                Target(team.VERDICT, column=Text("VERDICT", "判定")),
                Target(team.AUX_HEADS, column=Text("BREAK k", "小休 k")),
                Target(team.STAFFED_HEADS, column=Text("of n", "在岗 n")),
                Target(team.AUX_SHARE, column=Text("BREAK SHARE (1/6)", "小休占比(1/6)")),
                Target(team.TALK_60M, column=Text("TALK 60m (69-74)", "通话 60 分(69–74)")),
                Target(team.HANDLE, column=Text("HANDLE TIME", "处理时长")),
            ),
            Place(0, 9, 24, 18),
            large=True,
            sort=Text("VERDICT", "判定"),
            links=("team",),
            columns=(
                Column("team", Text("TEAM", "班组"), width=260),
                Column(
                    Text("VERDICT", "判定"),
                    words=palette.VERDICT_WORDS,
                    cell="color-background",
                    width=280,
                ),
                Column(Text("BREAK k", "小休 k"), unit=Unit.number, width=130),
                Column(Text("of n", "在岗 n"), unit=Unit.number, width=130),
                Column(
                    Text("BREAK SHARE (1/6)", "小休占比(1/6)"),
                    unit=Unit.share,
                    steps=palette.AUX_SHARE,
                    cell="gauge",
                    most=0.5,
                    decimals=0,
                ),
                Column(
                    Text("TALK 60m (69-74)", "通话 60 分(69–74)"),
                    unit=Unit.share,
                    steps=palette.TALK_BAND,
                    cell="color-text",
                    decimals=0,
                    width=260,
                ),
                Column(Text("HANDLE TIME", "处理时长"), unit=Unit.clock, decimals=0, width=220),
            ),
        ),
    ),
    since="now-1h",
    refresh="10s",
)
