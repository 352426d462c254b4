#!/bin/sh
# Millrace on minikube, from nothing to a searched event. Options are passed on to helm. A second run upgrades.
set -eu
cd "$(dirname "$0")/../.."
. k8s/steps.sh
need docker minikube kubectl helm npm curl

context=millrace
url=http://127.0.0.1:8080
load() { minikube --profile millrace image load "$@"; }

# Engines and services need 6 GB. The port is published by Docker, as minikube's own address is reached on Linux only.
minikube --profile millrace status >/dev/null 2>&1 || minikube start --profile millrace --driver docker --cpus 2 --memory 7g --ports "127.0.0.1:8080:$node_port"
build_and_load
install_and_test --values charts/millrace/values-minikube.yaml --set gateway.service.nodePort="$node_port" "$@"
search_an_event
