#!/bin/sh
# A `command` agent: any program that prints lines. This one counts once a second, in the background,
# with or without a daemon. Its log is followed for a while; then it is removed.
#
# usage: examples/count.sh [SECONDS]      needs a daemon: drover up --detach
set -eu
seconds=${1:-5}

# All after `--` is the program: a list of arguments, which no shell reads but the one we ask for here.
drover run command --name count --wait -- \
  sh -c 'n=0; while sleep 1; do n=$((n + 1)); echo "count $n"; done'

# -f stays and prints each line as it comes; here until the time is over.
timeout "$seconds" drover logs count -f || [ $? -eq 124 ]

# It has counted on by itself; --force ends its run first.
drover rm count --force
