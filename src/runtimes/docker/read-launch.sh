# shellcheck shell=sh
# To be read in by `.` by what begins a program in a container: takes from 3 what to run, as
# `runtimes/launch-lines.ts` writes it, exports what it says, goes to its folder, and leaves the
# program in "$@". It ends with 71 where that is cut off, and with 72 where the folder is not there.
drover_kind='' drover_text='' drover_newline='
'
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
