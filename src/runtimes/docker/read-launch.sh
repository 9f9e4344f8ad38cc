# shellcheck shell=sh
# What the entry of a container has in common for programs with pipes and at terminals; to be read in
# by `.`. It takes RUN_FOLDER/launch, open as 3, exports what it says, goes to its folder, and leaves
# the program in "$@".
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
: >"$drover_run/launch"
unset OLDPWD
