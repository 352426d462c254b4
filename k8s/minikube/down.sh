#!/bin/sh
# Removes minikube's cluster with all that is in it; other profiles stay.
set -eu
minikube delete --profile millrace
