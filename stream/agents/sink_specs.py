"""Builds sink specifications, as `stream.notify` takes them, from the configuration."""

from collections.abc import Iterator
from typing import Any

from stream.config import Settings
from stream.config.services import SinkTable
from stream.notify.alertmanager import AlertmanagerSpec
from stream.notify.alertmanager_alert import Links
from stream.notify.chat.chat_sender import ChatSpec
from stream.notify.grafana import GrafanaSpec
from stream.notify.senders import CHAT_FORMATS
from stream.notify.sink import SinkSpec
from stream.notify.webhook import WebhookSpec


def notice_sinks(settings: Settings) -> list[SinkSpec]:
    """Sinks that get each step until they have accepted it: webhooks, chats, annotations."""
    return [
        _spec(sink, settings, common)
        for sink, common in _sinks(settings)
        if sink.kind != "alertmanager"
    ]


def _spec(sink: SinkTable, settings: Settings, common: dict[str, Any]) -> SinkSpec:
    url, secret = sink.url.reveal(), sink.secret.reveal()
    language = sink.language or settings.alerts.language
    if sink.kind == "webhook":
        return WebhookSpec(url=url, **common)
    if sink.kind == "grafana":
        return GrafanaSpec(url=url, token=secret, language=language, **common)
    chat, links = CHAT_FORMATS[sink.kind], _links(settings, language)
    return ChatSpec(chat=chat, url=url, secret=secret, language=language, links=links, **common)


def alertmanager_specs(settings: Settings) -> list[AlertmanagerSpec]:
    """Sinks that get every active alert repeatedly."""
    links = _links(settings, settings.alerts.language)
    return [
        AlertmanagerSpec(
            urls=tuple(url.reveal() for url in (sink.url, *sink.peers)),
            resend_ms=sink.resend_ms,
            links=links,
            **common,
        )
        for sink, common in _sinks(settings)
        if sink.kind == "alertmanager"
    ]


def _links(settings: Settings, language: str) -> Links:
    return Links(settings.alerts.grafana_url, settings.alerts.runbook_url, language)


def _sinks(settings: Settings) -> Iterator[tuple[SinkTable, dict[str, Any]]]:
    for number, sink in enumerate(settings.sink):
        yield (
            sink,
            {
                "name": sink.name or f"sink-{number}",
                "severities": frozenset(sink.severity),
                "teams": frozenset(sink.teams),
                "timeout_ms": sink.timeout_ms,
            },
        )
