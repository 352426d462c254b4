#!/bin/bash
# Writes the CASSANDRA_ variables into the configuration and becomes the server. Arguments other than `cassandra -f` are a program to run instead.
set -e
[[ $# -eq 0 || $1 == cassandra || $1 == -* ]] || exec "$@"

config=/etc/cassandra/cassandra.yaml
listen_address=${CASSANDRA_LISTEN_ADDRESS:-$(hostname -i | cut -d ' ' -f 1)}
: "${CASSANDRA_BROADCAST_ADDRESS:=$listen_address}"

set_property() {
  [[ -n $2 ]] || return 0
  sed -i -E "s|^(# )?$1:.*|$1: $2|" "$config"
}
set_property listen_address "$listen_address"
set_property broadcast_address "$CASSANDRA_BROADCAST_ADDRESS"
set_property rpc_address "${CASSANDRA_RPC_ADDRESS:-0.0.0.0}"
set_property broadcast_rpc_address "${CASSANDRA_BROADCAST_RPC_ADDRESS:-$CASSANDRA_BROADCAST_ADDRESS}"
set_property cluster_name "$CASSANDRA_CLUSTER_NAME"
set_property num_tokens "$CASSANDRA_NUM_TOKENS"
sed -i -E "s|- seeds:.*|- seeds: \"${CASSANDRA_SEEDS:-$CASSANDRA_BROADCAST_ADDRESS}\"|" "$config"

mapfile -t options </opt/cassandra/jvm-server.options
exec /opt/java/openjdk/bin/java ${MAX_HEAP_SIZE:+-Xms$MAX_HEAP_SIZE -Xmx$MAX_HEAP_SIZE} "${options[@]}" -javaagent:/opt/cassandra/lib/jamm.jar \
  -Dcassandra.config=file:///etc/cassandra/cassandra.yaml -Dlogback.configurationFile=/etc/cassandra/logback.xml -Dcassandra.storagedir=/var/lib/cassandra \
  -Dcassandra.logdir=/var/log/cassandra -Dcassandra.jmx.local.port=7199 -Dcassandra-foreground=yes $JVM_EXTRA_OPTS \
  -cp '/etc/cassandra:/opt/cassandra/lib/*' org.apache.cassandra.service.CassandraDaemon
