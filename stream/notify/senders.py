"""The sender for each kind of sink."""

import aiohttp

from stream.notify.chat.chat_format import ChatFormat
from stream.notify.chat.chat_sender import ChatSender, ChatSpec
from stream.notify.chat.dingtalk import DingTalk
from stream.notify.chat.feishu import Feishu
from stream.notify.chat.microsoft_teams import Teams
from stream.notify.chat.slack import Slack
from stream.notify.chat.wecom import WeCom
from stream.notify.grafana import GrafanaSender, GrafanaSpec
from stream.notify.sink import Sender, SinkSpec
from stream.notify.webhook import WebhookSender, WebhookSpec

CHAT_FORMATS: dict[str, ChatFormat] = {
    "slack": Slack(),
    "teams": Teams(),
    "wecom": WeCom(),
    "dingtalk": DingTalk(),
    "feishu": Feishu(),
}
"""By the kind of the sink in the configuration."""


def sender_of(spec: SinkSpec, session: aiohttp.ClientSession) -> Sender:
    """The sender of a sink that receives each step of an alert.

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
