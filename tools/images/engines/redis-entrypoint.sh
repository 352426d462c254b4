#!/bin/bash
# Options alone are the server's; all else is a program and its arguments.
set -e
[[ $1 == -* ]] && set -- redis-server "$@"
exec "$@"
