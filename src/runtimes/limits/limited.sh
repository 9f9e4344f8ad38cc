#!/bin/sh
# Puts itself under limits, then becomes the program. The holder stays outside: it must live to tell
# how the program ended.
#
# usage: limited.sh GROUP DATA_KIB PROCESSES PROGRAM [ARG...]
#
# GROUP is a cgroup v2 folder. An empty word is no such limit. A program whose limits can't be set
# does not begin. It has no variables, for one could be of the program's environment.

refuse() {
  echo "drover: the program was not started, for its limits could not be set: $*" >&2
  exit 125
}

# 0 is the process that writes.
[ -z "$1" ] || { echo 0 >"$1/cgroup.procs"; } 2>/dev/null || refuse "$1 can't be entered"

# A limit that is lower already is as good. Shells differ in their letter for processes.
[ -z "$2" ] || ulimit -d "$2" 2>/dev/null || [ "$(ulimit -d)" -le "$2" ] 2>/dev/null ||
  refuse "ulimit -d $2"
[ -z "$3" ] || ulimit -u "$3" 2>/dev/null || ulimit -p "$3" 2>/dev/null ||
  [ "$(ulimit -u 2>/dev/null || ulimit -p)" -le "$3" ] 2>/dev/null || refuse "ulimit -u $3"

shift 3
exec "$@"
