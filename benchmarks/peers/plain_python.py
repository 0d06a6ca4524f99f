"""A consumer without a framework, as well as one writes it: confluent-kafka, dicts, pipelines.

It has no late data, no ratios, no judgement, and no state that outlives the process.
"""

import time

import orjson
import redis
from book import Book
from confluent_kafka import Consumer
from job import Job, Meter


def main() -> None:
    job, meter, book = Job.given(), Meter(), Book()
    client = redis.Redis.from_url(job.redis_url)
    client.ping()
    consumer = Consumer(
        {
            "bootstrap.servers": job.brokers,
            "group.id": job.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 5,  # else it idles for a second whenever its queue is full
            "queued.max.messages.kbytes": 65_536,
            "fetch.message.max.bytes": 4 * 2**20,
        }
    )
    consumer.subscribe([job.topic], on_assign=lambda *_: meter.begin())
    count, flushed_s = 0, time.monotonic()
    while count < job.records:
        messages = consumer.consume(10_000, 0.05)
        values = [message.value() for message in messages if message.error() is None]
        if values:
            book.take(orjson.loads(b"[" + b",".join(values) + b"]"))
            count += len(values)
        if time.monotonic() - flushed_s >= 1:
            _flush(book, client)
            flushed_s = time.monotonic()
    _flush(book, client)
    meter.end(count)
    consumer.close()


def _flush(book: Book, client: redis.Redis) -> None:
    pipeline = client.pipeline(transaction=False)
    book.flush(pipeline)
    pipeline.execute()


main()
