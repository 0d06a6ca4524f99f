"""One team: its ratios with their bands, who is on break, how even it is, its handling time."""

from typing import Final

from dashboards import palette
from dashboards.model import Board, Colour, Kind, Panel, Place, Row, Target, Text, Unit, Word
from dashboards.queries import team

_FIGURES: Final = {
    "aux_rate": Word(Text("aux rate", "小休率"), Colour.watch),
    "talk_utilisation": Word(Text("talk utilisation", "通话利用率"), Colour.better),
}
_PARTS: Final = {
    "talk": Word(Text("talk", "通话"), Colour.better),
    "hold": Word(Text("hold", "保持"), Colour.calm),
    "acw": Word(Text("after-call work", "话后"), Colour.watch),
}


def _ratio(
    x: int, y: int, title: Text, description: Text, target: Target, steps: object, most: float = 1
) -> Panel:
    return Panel(
        Kind.timeseries,
        title,
        description,
        (target,),
        Place(x, y, 6, 8),
        unit=Unit.share,
        least=0,
        most=most,
        steps=steps,  # type: ignore[arg-type]
        lines=True,
        empty=Text("nobody was at work in the window", "窗口内无人工作"),
    )


TEAM: Final = Board(
    "team",
    Text("Team", "班组"),
    Text(
        "For the leader of a team: the three steps in their order (talk utilisation, breaks and how "
        "even they are, handling time). Who has been on break longest: the telephone system's list "
        "of agents tells.",
        "给组长:按三步顺序看(通话利用率,小休及其均匀程度,处理时长)。谁小休最久:看话务系统的坐席列表。",
    ),
    ("datasource", "floor", "pool", "team", "window"),
    (
        Panel(
            Kind.stat,
            Text("Verdict", "判定"),
            Text(
                "For the leader. The worst check of this team. ACT: if several left together "
                "(Control shows it), ask why first; else ask people back, longest break first. "
                "Amber: in a peak let nobody else go. No feed: nothing is known; ask nobody "
                "back.",
                "给组长。本班组各项检查中最差的一项。需处理:若多人同时离开(见「受控情况」看板),先问原因;否则请人回来,小休最久者优先。黄:高峰时先不再放人。无数据:情况不明,不要据此请人回来。",
            ),
            (Target(team.VERDICT, "{{team}}"),),
            Place(0, 0, 6, 5),
            words=palette.VERDICT_WORDS,
            links=("control",),
        ),
        Panel(
            Kind.stat,
            Text("Break now: k of n staffed", "现在小休 / 在岗"),
            Text(
                "For the leader. How many of those staffed are on break. From a sixth on (the "
                "bar beside it is red): in a peak let nobody else go, and ask people back when "
                "the verdict is ACT. At a quiet hour it is their rest.",
                "给组长。在岗者中有几人小休。达到六分之一(旁边占比条变红):高峰时不再放人,判定为「需处理」时请人回来。清闲时这是应有的休息。",
            ),
            (
                Target(team.AUX_HEADS, Text("{{team}}: on break", "{{team}}:小休")),
                Target(team.STAFFED_HEADS, Text("{{team}}: staffed", "{{team}}:在岗")),
            ),
            Place(6, 0, 6, 5),
            steps=palette.PLAIN,
        ),
        Panel(
            Kind.bars,
            Text("Share on break, line at 1/6", "小休占比,1/6 线"),
            Text(
                "For the leader. Heads on break as a share of those staffed, now. Red from a "
                "sixth: do as in Break now; red here is not yet ACT. It counts heads; the aux "
                "rate below counts time.",
                "给组长。此刻小休人数占在岗人数。达到六分之一变红:照「现在小休」处理;此处变红还不等于「需处理」。这里数人头;下方小休率算时间。",
            ),
            (Target(team.AUX_SHARE, "{{team}}"),),
            Place(12, 0, 6, 5),
            unit=Unit.share,
            least=0,
            most=0.5,
            decimals=0,
            steps=palette.AUX_SHARE,
            empty=Text("nobody staffed", "无人在岗"),
        ),
        Panel(
            Kind.stat,
            Text("Age of the figures", "数据时延"),
            Text(
                "For the leader. Red (half a minute): these figures are old. Do not act on this "
                "board; look at the telephone system's own display, and tell the SRE.",
                "给组长。变红(≥30 秒):数据已旧。不要凭此板行动,看话务系统自带的屏,并通知运维。",
            ),
            (Target(team.AGE, "{{team}}"),),
            Place(18, 0, 3, 5),
            unit=Unit.seconds,
            decimals=0,
            steps=palette.AGE,
        ),
        Panel(
            Kind.stat,
            Text("Length of the window", "窗口实际长度"),
            Text(
                "For the leader. How much time the figures below cover, of the window chosen "
                "at the top: 15m is 15 full minutes and the running one, shift is since the "
                "team's shift began. Short just after the start: do not act on it.",
                "给组长。下方数据实际覆盖的时长,窗口在页面顶部选择:15m 为 15 个完整分钟和当前分钟;shift 从本班组班次开始。刚开始很短时,不要据此判断。",
            ),
            (Target(team.WINDOW, "{{team}}"),),
            Place(21, 0, 3, 5),
            unit=Unit.clock,
            steps=palette.PLAIN,
        ),
        Row(Text("Step 1: time", "第一步:时间"), 5),
        _ratio(
            0,
            6,
            Text("Talk utilisation, 69-74 %", "通话利用率,69–74%"),
            Text(
                "For the leader and the planner. Talk and hold as a share of paid time. Above "
                "74 % for hours (76 %: strain): too few people; leader: tell the planner. "
                "Below 69 %, aux rate at 8-9 %, no caller waits: coffee or training.",
                "给组长与排班员。通话与保持占工时。数小时高于 74%(76% 负荷过高):人手不足,组长告知排班员。低于 69%、小休率 8–9% 且无排队:可安排休息或培训。",
            ),
            Target(team.TALK, "{{team}}"),
            palette.TALK_BAND,
        ),
        _ratio(
            6,
            6,
            Text("Occupancy", "占用率"),
            Text(
                "For the planner. Time busy with calls, as a share of time busy or ready for one."
                " Near 100 % for hours: no pause between calls; plan more people for these hours.",
                "给排班员。处理来电的时间占(处理+可接)的时间。数小时接近 100%:通话之间没有间歇,这些时段要多排人。",
            ),
            Target(team.OCCUPANCY, "{{team}}"),
            (),
        ),
        _ratio(
            12,
            6,
            Text("Waiting, breaks, training, meetings: about 25 %", "等待+小休+培训+会议:约 25%"),
            Text(
                "For the leader. Paid time that is not work on calls (waiting: ready for a call). "
                "Below 20 or above 30 %: see Parts of paid time, which of them it is. Much waiting "
                "and few breaks: let them have coffee.",
                "给组长。不在处理来电的工时(等待指可接)。低于 20% 或高于 30%:看「工时构成」是哪一项。等待多而小休少:让大家喝杯咖啡。",
            ),
            Target(team.SLACK, "{{team}}"),
            palette.SLACK_BAND,
        ),
        Panel(
            Kind.timeseries,
            Text("Parts of paid time: adds up to 100 %", "工时构成:合计 100%"),
            Text(
                "For the leader. Where paid time goes, by state. A part grows: ask what changed. "
                "After-call work grows while breaks are few: people rest in it; give them a "
                "break.",
                "给组长。工时花在哪些状态。某一部分变多:问问有何变化。小休少而话后变多:大家在话后里歇口气,请安排休息。",
            ),
            (Target(team.PAID_TIME, "{{state}}"),),
            Place(18, 6, 6, 8),
            unit=Unit.share,
            least=0,
            most=1,
            stacked=True,
            names=palette.STATES,
            empty=Text("nobody was at work in the window", "窗口内无人工作"),
        ),
        Row(Text("Step 2: breaks, and how even they are", "第二步:小休及其均匀程度"), 14),
        Panel(
            Kind.timeseries,
            Text("On break: k, a sixth of n, page limit", "小休人数 k、n 的六分之一、紧急告警线"),
            Text(
                "For the leader. Heads on break (k), a sixth of the staffed (n), and the limit "
                "that chance hardly ever passes. Between them: in a peak let nobody else go. "
                "At the limit, in a peak with callers waiting or nobody free, you are paged: "
                "ask people back.",
                "给组长。小休人数 k、在岗 n 的六分之一、正常波动几乎不会超过的限值。两线之间:高峰时先不再放人。高峰中有久等来电或无人空闲时,达到限值会给你发紧急告警:请人回来。",
            ),
            (
                Target(team.AUX_HEADS, Text("{{team}} k on break", "{{team}} 小休 k")),
                Target(team.SIXTH_OF_HEADS, Text("{{team}} n/6", "{{team}} n/6")),
                Target(team.SHARE_LIMIT, Text("{{team}} page limit", "{{team}} 紧急告警线")),
            ),
            Place(0, 15, 8, 8),
            unit=Unit.number,
            least=0,
            links=("control",),
        ),
        Panel(
            Kind.timeseries,
            Text("Aux rate, 8-9 %", "小休率,8–9%"),
            Text(
                "For the leader. Break as a share of paid time; 8.5 % is five minutes an hour. "
                "Above 9 % over an hour: talk with the team after the shift. Below 5 %: nobody "
                "rests; send people on break.",
                "给组长。小休占工时:8.5% 即每小时五分钟。一小时均值高于 9%:在班后会上与大家沟通。低于 5%:没人休息,安排休息。",
            ),
            (Target(team.AUX, "{{team}}"),),
            Place(8, 15, 8, 8),
            unit=Unit.share,
            least=0,
            steps=palette.AUX_RATE,
            lines=True,
            empty=Text("nobody was at work in the window", "窗口内无人工作"),
        ),
        Panel(
            Kind.timeseries,
            Text(
                "How even between members: raw CV, line at 0.16",
                "组员间均匀程度:原始变异系数,0.16 线",
            ),
            Text(
                "For the leader. Choose shift as the window. How unevenly breaks, and talk, "
                "are shared: standard deviation / mean of the members (CV, raw: chance "
                "included). Breaks above 0.16 shift after shift: some rest often, others "
                "never; plan breaks.",
                "给组长。窗口请选 shift。小休与通话在组员间分得多不均匀:标准差÷均值(变异系数,原始值含偶然波动)。小休连续多个班次高于 0.16:有人常休、有人不休,请排休息。",
            ),
            (Target(team.RAW_CV, "{{figure}}"),),
            Place(16, 15, 8, 8),
            unit=Unit.number,
            decimals=2,
            least=0,
            steps=palette.CV_LIMIT,
            lines=True,
            names=_FIGURES,
            empty=Text("fewer than 3 members with enough time", "时长足够的组员少于 3 人"),
        ),
        Panel(
            Kind.timeseries,
            Text("Aux rate of members: mean and spread", "组员小休率:均值与离散"),
            Text(
                "For the leader. Break share of the members: their mean, and how far they differ."
                " The mean stays and the spread grows: some rest more, others less; plan breaks "
                "before speaking to anybody.",
                "给组长。组员小休占比的均值与差异。均值不变而差异变大:有人多休、有人少休;先排好休息,再找人谈。",
            ),
            (
                Target(team.MEMBER_MEAN, Text("{{team}} mean", "{{team}} 均值")),
                Target(team.MEMBER_SD, Text("{{team}} standard deviation", "{{team}} 标准差")),
            ),
            Place(0, 23, 8, 7),
            unit=Unit.share,
            least=0,
            empty=Text("too few members with enough time", "时长足够的组员太少"),
        ),
        Panel(
            Kind.timeseries,
            Text("Members that count", "计入的组员"),
            Text(
                "For the leader. Members who were at work for a quarter of the window or more. "
                "Below 3 no CV is shown; below 10 do not act on the CV of one window: choose "
                "shift, and compare several shifts.",
                "给组长。工作时长达窗口四分之一的组员数。少于 3 人不显示变异系数;少于 10 人不要凭单个窗口的变异系数行动:选 shift,并比较多个班次。",
            ),
            (Target(team.MEMBERS, "{{team}}"),),
            Place(8, 23, 8, 7),
            unit=Unit.number,
            least=0,
        ),
        Panel(
            Kind.timeseries,
            Text("Heads by state", "各状态人数"),
            Text(
                "For the leader. All who are logged in, stacked. Many in system at once: call IT."
                " Many unknown: a fault of the feed, not of people; tell the SRE.",
                "给组长。签入者按状态堆叠。大量系统置忙:找 IT。大量未知:数据源故障,与人员无关,通知运维。",
            ),
            (Target(team.HEADS, "{{state}}"),),
            Place(16, 23, 8, 7),
            unit=Unit.number,
            least=0,
            stacked=True,
            names=palette.STATES,
        ),
        Row(
            Text("Step 3: handling time (once step 2 holds)", "第三步:处理时长(第二步受控之后)"), 30
        ),
        Panel(
            Kind.timeseries,
            Text("Handle time by part", "处理时长构成"),
            Text(
                "For the leader. Mean talk, hold and after-call work of a call. One part steps "
                "up: something changed; ask what. While breaks are not in control (step 2), "
                "settle those first.",
                "给组长。每通的平均通话、保持、话后。某一部分抬升:有了变化,问清是什么。小休未受控(第二步)时,先解决小休。",
            ),
            (Target(team.HANDLE_PARTS, "{{part}}"),),
            Place(0, 31, 8, 8),
            unit=Unit.seconds,
            decimals=0,
            least=0,
            stacked=True,
            names=_PARTS,
            empty=Text("no calls in the window", "窗口内无来电"),
        ),
        Panel(
            Kind.timeseries,
            Text("Calls handled", "处理通数"),
            Text(
                "For the leader. Calls that ended in the window. Fewer than some thirty: do not "
                "judge handle time; choose a longer window.",
                "给组长。窗口内结束的通话数。少于三十通左右:不要评判处理时长,选更长的窗口。",
            ),
            (Target(team.HANDLED, "{{team}}"),),
            Place(8, 31, 8, 8),
            unit=Unit.number,
            least=0,
        ),
        Panel(
            Kind.timeseries,
            Text("Very short calls", "超短通话"),
            Text(
                "For the leader. Handled calls with hardly any talk (5 s unless configured). A "
                "rise: listen to some before speaking to anybody. A line fault: call IT; calls "
                "that are picked up and dropped: speak to those who took them, alone.",
                "给组长。几乎没有通话的已处理来电(默认 ≤5 秒)。上升:先抽听再找人。线路故障:找 IT;接起即挂:与当事人单独谈。",
            ),
            (Target(team.SHORT, "{{team}}"),),
            Place(16, 31, 8, 8),
            unit=Unit.share,
            least=0,
            steps=palette.LOST,
            lines=True,
            empty=Text("no calls in the window", "窗口内无来电"),
        ),
    ),
    one="team",
    alerts=True,
)
