# shellcheck shell=sh
# The steps from a cluster to a searched event, which are the same wherever the cluster comes from: read by the up.sh of each way.
# Each of those says how its cluster is reached:
#   context   of kubectl and helm
#   url       where the gateway's node port is reached
#   load      a function that takes images of this machine's Docker over into the cluster
# shellcheck disable=SC2034,SC2154 # they are set there

release=millrace
# Of the gateway, in the values for kind and minikube; fixed, so that a cluster can be told to publish it.
node_port=30080
# Kafka, Cassandra and Elasticsearch start first, on a laptop with other work to do; pulling their images comes on top.
install_timeout=15m

# Says which programs are missing.
need() {
  missing=
  for program in "$@"; do command -v "$program" >/dev/null 2>&1 || missing="$missing $program"; done
  [ -z "$missing" ] || { echo "missing:$missing; see docs/kubernetes.md" >&2; exit 1; }
}

say() { printf '\n== %s\n' "$*"; }

kube() { kubectl --context "$context" "$@"; }

# Takes options of `npm run images`. Every run has a tag of its own: with one that the cluster has already, its pods would stay as they are.
build_and_load() {
  version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
  tag=$version-$(date +%s)
  say "building the images, as $tag"
  npm run --silent images -- --tag "$tag" "$@"
  set --
  for app in gateway intake router writer indexer query cli; do set -- "$@" "millrace/$app:$tag"; done
  say 'loading them into the cluster'
  load "$@"
}

# Takes helm's options: the values above all. Runs the images that were loaded.
install_and_test() {
  say 'installing the chart, with engines beside it'
  helm upgrade "$release" charts/millrace --install --kube-context "$context" --wait --timeout "$install_timeout" --set image.tag="$tag" "$@"
  say 'testing it'
  helm test "$release" --kube-context "$context" --timeout 5m
}

# Sends an event that has a word of its own, and asks until it is found.
search_an_event() {
  key=$(kube get secret "$release-keys" -o 'jsonpath={.data.api-key}' | base64 -d)
  word=word$(date +%s)
  say "sending an event to $url and searching for it"
  curl -fsS --retry 5 --retry-connrefused "$url/v1/events" -H "DD-API-KEY: $key" -d "{\"message\":\"hello from kubernetes, $word\",\"service\":\"web\",\"status\":\"info\"}"
  echo
  tries=30
  until found=$(curl -fsS "$url/api/v2/logs/events/search" -H "DD-API-KEY: $key" -d "{\"filter\":{\"query\":\"$word\"}}") && [ "${found#*hello from kubernetes}" != "$found" ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "the event is not found: $found" >&2; exit 1; }
    sleep 1
  done
  echo "$found"
  say "Millrace listens at $url; its keys are in the secret $release-keys"
}
