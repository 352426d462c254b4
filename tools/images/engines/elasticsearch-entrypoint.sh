#!/bin/bash
# Passes variables that are named like settings (cluster.name) on as settings and becomes the server. Arguments are a program to run instead.
set -e
umask 0002
[[ $# -eq 0 || $1 == eswrapper ]] || exec "$@"

settings=()
while IFS='=' read -r -d '' name value; do
  [[ $name =~ ^[a-z0-9_]+\.[a-z0-9_]+ && -n $value ]] && settings+=("-E$name=$value")
done </proc/self/environ
exec /usr/share/elasticsearch/bin/elasticsearch "${settings[@]}"
