#!/bin/sh
# Removes the kind cluster with all that is in it.
set -eu
kind delete cluster --name millrace
