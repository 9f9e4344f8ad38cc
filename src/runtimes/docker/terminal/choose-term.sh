# shellcheck shell=sh
# Sets DROVER_TERM to what programs are told the terminal is: what this image knows of tmux's own. To
# be read in by `.`.
DROVER_TERM=screen-256color
for drover_each in /etc/terminfo /lib/terminfo /usr/lib/terminfo /usr/share/terminfo; do
  if [ -e "$drover_each/t/tmux-256color" ] || [ -e "$drover_each/74/tmux-256color" ]; then
    DROVER_TERM=tmux-256color
  fi
done
export DROVER_TERM
