#!/bin/sh
# Describe the programs of a production, once, before its jobs run; again after each change of the file.
# PROVTAP_URL has the address of the service, PROVTAP_TOKEN a token of it with the scope admin.
set -eu
exec provtap describe "${1:-$(dirname "$0")/muons.descriptions.yaml}"
