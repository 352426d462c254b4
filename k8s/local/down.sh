#!/bin/sh
# Ends the cluster of this machine and removes all of it but its programs.
set -eu
cd "$(dirname "$0")/../.."
npm run --silent kubernetes -- down
