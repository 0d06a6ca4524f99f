#!/usr/bin/env bash
# Real Apache Kafka (KRaft), one node or several, for tests, benchmarks and work by hand.
#
#   kafka.sh fetch               jars from Maven Central, if they are not there (needs mvn, JDK 17+)
#   kafka.sh start PORT DIR [PORTS]
#                                broker on 127.0.0.1:PORT, controller on PORT+1, all files in DIR;
#                                returns when the broker answers; DIR may be that of an earlier run;
#                                PORTS: of all brokers of a cluster, with commas between, this one's
#                                too; the first nodes answer when most have been started
#   kafka.sh stop DIR [SIGNAL]   SIGTERM unless another is named, e.g. KILL; returns when it has ended
#
# FLOORWATCH_KAFKA_JARS   where the jars are (default: jars/ beside this file)
# KAFKA_PROXIED           more listeners, each as PORT:ADVERTISED_PORT, for clients behind a proxy
# KAFKA_SETTINGS          more lines of server.properties
# KAFKA_HEAP              JVM options for memory (default: -Xms256m -Xmx512m)
# KAFKA_LOG_LEVEL         of DIR/server.log (default: warn)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
jars=${FLOORWATCH_KAFKA_JARS:-$here/jars}

usage() {
  sed -n '2,17s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

fetch() {
  if compgen -G "$jars/kafka_2.13-*.jar" > /dev/null; then
    return
  fi
  # Copied beside and renamed, so that an interrupted fetch never looks complete.
  rm -rf "$jars.part"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$jars.part"
  rm -rf "$jars"
  mv "$jars.part" "$jars"
}

write_settings() { # PORT DIR PORTS
  local ports port id=0 node=0 voters="" copies=1 least=1 missed_ms=9000
  IFS=, read -r -a ports <<< "$3"
  for port in "${ports[@]}"; do
    id=$((id + 1))
    voters="$voters,$id@127.0.0.1:$((port + 1))"
    if [ "$port" = "$1" ]; then node=$id; fi
  done
  if [ "$id" -ge 3 ]; then copies=3 least=2 missed_ms=3000; fi
  local listeners="PLAINTEXT://127.0.0.1:$1" advertised="PLAINTEXT://127.0.0.1:$1" kinds="" pair n=0
  for pair in ${KAFKA_PROXIED:-}; do
    listeners="$listeners,P$n://127.0.0.1:${pair%:*}"
    advertised="$advertised,P$n://127.0.0.1:${pair#*:}"
    kinds="$kinds,P$n:PLAINTEXT"
    n=$((n + 1))
  done
  cat > "$2/server.properties" <<SETTINGS
process.roles=broker,controller
node.id=$node
controller.quorum.voters=${voters#,}
listeners=$listeners,CONTROLLER://127.0.0.1:$(($1 + 1))
advertised.listeners=$advertised
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT$kinds
log.dirs=$2/data
num.partitions=8
auto.create.topics.enable=false
# A record of 10 MB must reach the worker, which has to refuse it.
message.max.bytes=16777216
replica.fetch.max.bytes=16777216
# One node holds the only copy of everything; of three each holds all, and two must have a record.
default.replication.factor=$copies
min.insync.replicas=$least
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$least
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$least
# Of three, one that was killed is missed soon.
broker.session.timeout.ms=$missed_ms
broker.heartbeat.interval.ms=$((missed_ms / 6))
# Tests do not wait for members that might still come, and have short sessions.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=4
# Recorded events carry the instant at which they happened, which may be decades ago: nothing is
# deleted by age.
log.retention.ms=-1
log.segment.bytes=268435456
${KAFKA_SETTINGS:-}
SETTINGS
  cat > "$2/log4j2.xml" <<LOG
<Configuration status="warn">
  <Appenders>
    <Console name="out" target="SYSTEM_OUT"><PatternLayout pattern="[%d] %p %m (%c)%n"/></Console>
  </Appenders>
  <Loggers>
    <Root level="${KAFKA_LOG_LEVEL:-warn}"><AppenderRef ref="out"/></Root>
  </Loggers>
</Configuration>
LOG
}

storage_tool() { # DIR ARGUMENT...
  local dir=$1
  shift
  java "-Dlog4j2.configurationFile=$dir/log4j2.xml" -XX:TieredStopAtLevel=1 \
    -cp "$jars/*" kafka.tools.StorageTool "$@"
}

await_answer() { # PORT DIR
  for _ in $(seq 600); do
    if ! kill -0 "$(cat "$2/pid")" 2> /dev/null; then
      echo "kafka.sh: the broker has ended; $2/server.log says:" >&2
      tail -20 "$2/server.log" >&2
      exit 1
    fi
    if (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; then
      return
    fi
    sleep 0.1
  done
  echo "kafka.sh: no answer on port $1 within 60 s; see $2/server.log" >&2
  exit 1
}

start() { # PORT DIR PORTS
  compgen -G "$jars/kafka_2.13-*.jar" > /dev/null || { echo "no jars in $jars: run $0 fetch first" >&2; exit 1; }
  mkdir -p "$2"
  local dir
  dir=$(cd "$2" && pwd)
  write_settings "$1" "$dir" "$3"
  if [ ! -f "$dir/data/meta.properties" ]; then
    # Any 16 bytes in URL-safe base64 serve as the cluster's id.
    storage_tool "$dir" format -t Rmxvb3J3YXRjaC10ZXN0cw -c "$dir/server.properties" \
      > "$dir/format.log" 2>&1 || { cat "$dir/format.log" >&2; exit 1; }
  fi
  # shellcheck disable=SC2086  # the options are several words
  nohup setsid java ${KAFKA_HEAP:--Xms256m -Xmx512m} -XX:+UseSerialGC \
    "-Dlog4j2.configurationFile=$dir/log4j2.xml" -cp "$jars/*" \
    kafka.Kafka "$dir/server.properties" >> "$dir/server.log" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
  await_answer "$1" "$dir"
}

stop() { # DIR SIGNAL
  local pid
  pid=$(cat "$1/pid")
  kill -s "$2" "$pid" 2> /dev/null || return 0
  for _ in $(seq 600); do
    kill -0 "$pid" 2> /dev/null || return 0
    sleep 0.1
  done
  echo "kafka.sh: process $pid has not ended within 60 s of SIG$2" >&2
  exit 1
}

case "${1:-}:$#" in
  fetch:1) fetch ;;
  start:3) start "$2" "$3" "$2" ;;
  start:4) start "$2" "$3" "$4" ;;
  stop:2) stop "$2" TERM ;;
  stop:3) stop "$2" "$3" ;;
  *) usage ;;
esac
