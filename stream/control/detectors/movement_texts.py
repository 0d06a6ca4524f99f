"""The texts of movement alerts (share and collective)."""

from typing import Final

from stream.control.detectors.wording import Texts

MOVEMENT_TEXTS: Final[Texts] = {
    "en": {
        "moved": "{movers} people went on break within {window}, {k} of {n} now (usual {usual}).",
        "moved_away": "{movers} people stopped taking calls within {window}, "
        "{k} of {n} on break now (usual {usual}).",
        "away": "{k} of {n} on break now (usual {usual}).",
        "title_moved": "{movers} people went on break within {window}",
        "title_moved_away": "{movers} people stopped taking calls within {window}",
        "title_away": "{k} of {n} on break",
        "people_cleared": "{k} of {n} on break. It lasted {lasted}.",
        "people_gone": "shift over, ended automatically.",
        "title_gone": "shift over",
        "do_page": "Do: 1) ask {back} back to calls, longest break first; 2) a meeting or "
        "training? Move it past the peak.",
        "do_nudge": "Do: see who can come back soon; with {back} back it would be normal again.",
        "do_digest": "No need to act now: look at it with the shift.",
        "chance": "Chance alone: about once in {count} {unit}.",
        "chance_more": "Chance alone: not even once in {count} {unit}.",
    },
    "zh": {
        "moved": "{window}内 {movers} 人转小休,现 {k}/{n} 人小休(通常 {usual} 人)。",
        "moved_away": "{window}内 {movers} 人离开接听状态,现 {k}/{n} 人小休(通常 {usual} 人)。",
        "away": "现 {k}/{n} 人小休(通常 {usual} 人)。",
        "title_moved": "{window}内 {movers} 人转小休",
        "title_moved_away": "{window}内 {movers} 人离开接听状态",
        "title_away": "{k}/{n} 人小休",
        "people_cleared": "现 {k}/{n} 人小休,持续 {lasted}。",
        "people_gone": "已下班,自动结束。",
        "title_gone": "已下班",
        "do_page": "建议:①先请回 {back},休息最久者优先;②若是开会或培训,请移到高峰之后。",
        "do_nudge": "建议:看看谁可以先回来,再回来 {back}即恢复正常。",
        "do_digest": "现在不必处理,交接班时一并看。",
        "chance": "正常波动下约 {count} {unit}才出现一次。",
        "chance_more": "正常波动下 {count} {unit}也出现不到一次。",
    },
}
