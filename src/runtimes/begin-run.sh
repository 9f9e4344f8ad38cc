#!/bin/sh
# Begins a run of an agent that the machine's own supervisor brings up: makes the run's folder, says
# that it has begun, and becomes its holder. It needs no daemon.
#
# usage: env -i /bin/sh begin-run.sh UNIT RUNS_FOLDER HOLDER INSTANCE
#
# UNIT.launch, which the daemon keeps, says what to run, one thing a line: i NOTE for what is said,
# d FOLDER to start in, e NAME=VALUE to export, a ARG for the next argument, + TEXT for one more line
# of the last of these, go. Then there is a file UNIT.RUN.begun with NOTE in it, until a daemon has
# taken the run up. The variables' names are among those that callers can't use.
umask 077
drover_unit=$1 drover_runs=$2 drover_holder=$3 drover_instance=$4 drover_kind='' drover_text=''
exec 3<"$drover_unit.launch" || exit 75
drover_run=run_0$(date +%s)$(od -An -N10 -tx1 /dev/urandom | tr -d ' \n') || exit 75
drover_folder=$drover_runs/$drover_run
mkdir "$drover_folder" || exit 75
for drover_line in in out err; do : >"$drover_folder/$drover_line" || exit 75; done

drover_newline='
'
set --
take() {
  case $drover_kind in
  i) drover_note=$drover_text ;;
  d) cd "$drover_text" || exit 75 ;;
  e) export "$drover_text" ;;
  esac
}
while IFS= read -r drover_line <&3; do
  case $drover_line in
  +*) drover_text=$drover_text$drover_newline${drover_line#+} ;;
  *)
    take
    [ "$drover_kind" = a ] && set -- "$@" "$drover_text"
    drover_kind=${drover_line%"${drover_line#?}"} drover_text=${drover_line#?}
    [ "$drover_line" = go ] && break
    ;;
  esac
done
[ "$drover_line" = go ] || exit 75
exec 3<&-
unset OLDPWD

drover_line=$drover_unit.$drover_run
echo "$drover_note" >"$drover_line.new" && mv -f "$drover_line.new" "$drover_line.begun" || exit 75
# The mark comes last: nothing that only prepares a run carries it.
export "DROVER_INSTANCE=$drover_instance" "DROVER_RUN=$drover_run"
exec /bin/sh "$drover_holder" "$drover_folder" c "$@" </dev/null >/dev/null 2>&1
