"""Which sender belongs to a sink."""

import aiohttp

from stream.export.chat.dingtalk import DingTalk
from stream.export.chat.feishu import Feishu
from stream.export.chat.robot import Robot
from stream.export.chat.sender import ChatSender, ChatSpec
from stream.export.chat.slack import Slack
from stream.export.chat.teams import Teams
from stream.export.chat.wecom import WeCom
from stream.export.grafana import GrafanaSender, GrafanaSpec
from stream.export.sink import Sender, SinkSpec
from stream.export.webhook import WebhookSender, WebhookSpec

ROBOTS: dict[str, Robot] = {
    "slack": Slack(),
    "teams": Teams(),
    "wecom": WeCom(),
    "dingtalk": DingTalk(),
    "feishu": Feishu(),
}
"""By the kind of the sink in the configuration."""


def sender_of(spec: SinkSpec, session: aiohttp.ClientSession) -> Sender:
    """The sender of a sink that is told step by step.

    Raises:
        TypeError: there is none for this kind.
    """
    if isinstance(spec, WebhookSpec):
        return WebhookSender(spec, session)
    if isinstance(spec, ChatSpec):
        return ChatSender(spec, session)
    if isinstance(spec, GrafanaSpec):
        return GrafanaSender(spec)
    raise TypeError(f"no sender for {type(spec).__name__}")
