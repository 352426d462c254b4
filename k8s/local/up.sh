#!/bin/sh
# Millrace on a Kubernetes of this machine (Linux, root), where no images can be pulled: from nothing to a searched event. Options are passed on to helm.
set -eu
cd "$(dirname "$0")/../.."
. k8s/steps.sh
need docker helm npm curl

context=millrace
url=http://127.0.0.1:$node_port
load() { npm run --silent kubernetes -- load "$@"; }

cluster=$(npm run --silent kubernetes -- up)
echo "$cluster"
eval "$(echo "$cluster" | tail -n 1)"
build_and_load
# No volumes are provided here.
install_and_test --values charts/millrace/values-kind.yaml --set engines.kafka.persistence.enabled=false --set engines.cassandra.persistence.enabled=false --set engines.elasticsearch.persistence.enabled=false "$@"
search_an_event
