#!/bin/sh
# Millrace on a Kubernetes of this machine (Debian, root), where no images can be pulled and there may be no Docker, Helm or kubectl: from nothing to a searched event. Options are passed on to helm.
set -eu
cd "$(dirname "$0")/../.."
. k8s/steps.sh
need npm curl

context=millrace
url=http://127.0.0.1:$node_port
load() { npm run --silent kubernetes -- load "$@"; }

cluster=$(npm run --silent kubernetes -- up)
echo "$cluster"
eval "$(echo "$cluster" | tail -n 1)" # kubectl and helm, where there are none
build_and_load --base local
say 'the engines, from the programs of npm run engines'
npm run --silent images -- --engines
# shellcheck disable=SC2046 # names hold no spaces
load $(sed -n 's/^ *image: //p' tools/engines/compose.yaml)
# No volumes are provided here.
install_and_test --values charts/millrace/values-kind.yaml --set engines.kafka.persistence.enabled=false --set engines.cassandra.persistence.enabled=false --set engines.elasticsearch.persistence.enabled=false "$@"
search_an_event
