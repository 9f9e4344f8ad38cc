#!/bin/sh
# Tells of each table of the firewall that goes, a line for one. It ends with its input, and so with
# the daemon, however that ends.
#
# usage: watch-rules.sh NFT
"$1" monitor destroy tables 2>/dev/null &
exec >&-
read -r _
kill "$!" 2>/dev/null
