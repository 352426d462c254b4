#!/bin/sh
# Millrace on kind, from nothing to a searched event. Options are passed on to helm. A second run upgrades.
set -eu
cd "$(dirname "$0")/../.."
. k8s/steps.sh
need docker kind kubectl helm npm curl

context=kind-millrace
url=http://127.0.0.1:8080
load() { kind load docker-image --name millrace "$@"; }

kind get clusters 2>/dev/null | grep -qx millrace || kind create cluster --config k8s/kind/cluster.yaml --wait 2m
build_and_load
install_and_test --values charts/millrace/values-kind.yaml "$@"
search_an_event
