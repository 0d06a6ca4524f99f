"""The words of alerts by message key, in English and Chinese (reference: users' texts).

Positive and about the team, never about a person; numbers of people, no names. Nothing is
promised that the product does not do: no buttons, no escalation by itself.
"""

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {
    "label_page_peak": "[ACT, peak]",
    "label_page": "[ACT]",
    "label_nudge_peak": "[Watch, peak]",
    "label_nudge": "[Watch]",
    "label_digest_peak": "[For the record]",
    "label_digest": "[For the record]",
    "label_cleared": "[OK again]",
    "label_closed": "[Closed]",
    "label_abandoned": "[Unknown]",
    "join": " ",
    "title": "{where}: {what}",
    "pool": "Pool {name}",
    "title_cleared": "back to normal",
    "title_abandoned": "no longer known",
    "what_abandoned": "no longer known.",
    "why_abandoned": "The events behind this alert are gone from Kafka.",
    "do_abandoned": "Please look at the floor; a new alert follows if it is still so.",
    "waiting": "{waiting} waiting, longest {oldest}, {free}.",
    "no_queue": "{free_first}.",
    "nobody_free": "nobody free",
    "some_free": "{count} free",
    "nobody_free_first": "Nobody free",
    "some_free_first": "{count} free for calls",
    "do_cleared": "Nothing to do.",
    "data": "As of {clock}.",
    "second_1": "{count} s",
    "minute_1": "{count} min",
    "hour_1": "{count} h",
    "unit_minute": "minutes",
    "unit_hour": "hours",
    "unit_day": "days",
    "unit_week": "weeks",
    "unit_month": "months",
    "unit_year": "years",
    "people_one": "1 person",
    "people": "{count} people",
}

CHINESE: Final[Mapping[str, str]] = {
    "label_page_peak": "【需处理·高峰】",
    "label_page": "【需处理】",
    "label_nudge_peak": "【留意·高峰】",
    "label_nudge": "【留意】",
    "label_digest_peak": "【备查】",
    "label_digest": "【备查】",
    "label_cleared": "【已恢复】",
    "label_closed": "【营业结束】",
    "label_abandoned": "【未知】",
    "join": "",
    "title": "{where}:{what}",
    "pool": "技能组 {name}",
    "title_cleared": "已恢复正常",
    "title_abandoned": "情况未知",
    "what_abandoned": "情况未知。",
    "why_abandoned": "此告警所依据的事件已不在 Kafka 中。",
    "do_abandoned": "请查看现场;如仍异常,将重新告警。",
    "waiting": "排队 {waiting} 通,最久 {oldest},{free}。",
    "no_queue": "{free_first}。",
    "nobody_free": "无人空闲",
    "some_free": "{count} 人空闲",
    "nobody_free_first": "无人空闲",
    "some_free_first": "{count} 人空闲",
    "do_cleared": "无需处理。",
    "data": "数据截至 {clock}。",
    "second_1": "{count} 秒",
    "minute_1": "{count} 分钟",
    "hour_1": "{count} 小时",
    "unit_minute": "分钟",
    "unit_hour": "小时",
    "unit_day": "天",
    "unit_week": "周",
    "unit_month": "个月",
    "unit_year": "年",
    "people_one": "1 人",
    "people": "{count} 人",
}

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "zh": CHINESE}
"""By language."""
