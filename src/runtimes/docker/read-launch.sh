# What comes before a program in a container, for the shell that reads this: the login environment,
# then what a launch says, from fd 3, one thing a line: d FOLDER to start in, e NAME=VALUE to export,
# a ARG for the next argument, + TEXT for one more line of the last of these, go. The launch wins.
# The variables' names are among those that callers can't use.
#
# Before it: HOME, PATH, and $drover_file, a file of NAME=VALUE lines, or empty. After it: the
# arguments. It ends the shell with 71 where nothing says what to run, and with 72 where the folder to
# start in is not there.
drover_kind='' drover_text='' drover_newline='
'
# A profile that ends the shell is tried first. Where it sets HOME or PATH, it may.
[ -r /etc/profile ] && (. /etc/profile) </dev/null >/dev/null 2>&1 && . /etc/profile </dev/null >/dev/null 2>&1

# Lines of NAME=VALUE, as they stand; all others are passed over.
for drover_text in "$HOME/.ssh/environment" "$drover_file"; do
  [ -f "$drover_text" ] && [ -r "$drover_text" ] || continue
  while IFS= read -r drover_line || [ -n "$drover_line" ]; do
    case ${drover_line%%=*} in
    "$drover_line" | '' | [0-9]* | *[!A-Za-z0-9_]* | *UID | PPID | *OPTS) ;;
    *) export "$drover_line" ;;
    esac
  done <"$drover_text"
done

drover_text=''
set --
while IFS= read -r drover_line <&3; do
  case $drover_line in
  +*)
    drover_text=$drover_text$drover_newline${drover_line#+}
    continue
    ;;
  esac
  case $drover_kind in
  d) cd "$drover_text" || exit 72 ;;
  e) export "$drover_text" ;;
  a) set -- "$@" "$drover_text" ;;
  esac
  drover_kind=${drover_line%"${drover_line#?}"} drover_text=${drover_line#?}
  [ "$drover_line" = go ] && break
done
[ "$drover_line" = go ] || exit 71
exec 3<&-
unset OLDPWD
