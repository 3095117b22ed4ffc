# Sourced by the scripts beside it: a screen that nobody sees, the editor on it, and hands for both. What is done is followed
# by what can be observed (the window, the saved file, a processor that rests), never by so many seconds; what has no effect
# is done again. Needs Debian's xvfb, xdotool, jq, libgl1, libgl1-mesa-dri. Where TIDEGATE_PICTURES names a folder, `look NAME`
# leaves a picture there, which needs imagemagick.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
server='' editor='' window=''
trap close_screen EXIT

close_screen() {
  local code=$?
  if [ $code -ne 0 ]; then
    look failed
    cat "$work"/*.log >&2 2> /dev/null || true
  fi
  # The editor first: without its display it would complain.
  for process in $editor $server; do
    kill "$process" 2> /dev/null || true
    wait "$process" 2> /dev/null || true
  done
  rm -rf "$work"
}

# wait_for CONDITION [SECONDS]: until it holds.
wait_for() {
  local end=$((SECONDS + ${2:-60}))
  until eval "$1"; do
    [ $SECONDS -lt $end ] || { echo "not so: $1" >&2; return 1; }
    sleep 0.1
  done
}

# open_screen WIDTHxHEIGHT: the server chooses a display that is free.
open_screen() {
  Xvfb -displayfd 3 -screen 0 "${1}x24" -nolisten tcp 3> "$work/display" > /dev/null 2>&1 &
  server=$!
  wait_for '[ -s "$work/display" ]'
  # Nothing of the person who tests is read, and nothing is left there.
  export DISPLAY=:$(< "$work/display") XDG_RUNTIME_DIR=$work XDG_STATE_HOME=${TIDEGATE_STATE:-$work/state}
  unset WAYLAND_DISPLAY
}

# start_editor PROGRAM ARGUMENTS…: in the folder where one is, until its window has the keyboard and rests.
start_editor() {
  "$1" edit "${@:2}" > "$work/editor.log" 2>&1 &
  editor=$!
  window=$(timeout 60 xdotool search --sync --onlyvisible --name Tidegate | head -1)
  # Nobody manages windows here: the focus comes when it is asked for, and not always at once.
  wait_for 'xdotool windowfocus "$window"; [ "$(xdotool getwindowfocus)" = "$window" ]'
  # Nothing is pointed at.
  point 700 899
}

# What the threads of the editor and of the screen have done so far, and whether one runs or waits for a processor.
work_done() { cat /proc/{"$editor","$server"}/task/*/schedstat 2> /dev/null || true; }
is_working() { grep -qs '^State:.*[RD] (' /proc/{"$editor","$server"}/task/*/status; }

# rest [BEFORE]: until it has noticed what was done since then, and has drawn it. It draws only when something happens; a
# cursor that blinks, and a run, are not waited for longer than 5 seconds.
rest() {
  local before=${1:-} now calm=0
  for _ in $(seq 40); do
    now=$(work_done)
    [ "$now" = "$before" ] || break
    sleep 0.05
  done
  for _ in $(seq 60); do
    before=$now
    sleep 0.07
    now=$(work_done)
    if [ "$now" = "$before" ] && ! is_working; then calm=$((calm + 1)); else calm=0; fi
    [ $calm -lt 2 ] || return 0
  done
}

# does COMMAND…: an act of the hand, until it is drawn.
does() {
  local before
  before=$(work_done)
  "$@"
  rest "$before"
}

press() { local key; for key in "$@"; do does xdotool key "$key"; done; }
write() { does xdotool type --delay 25 -- "$1"; }

point() { does xdotool mousemove "$1" "$2"; }
click() { point "$1" "$2"; does xdotool click 1; }

# drag X Y TO_X TO_Y: presses, moves in steps as a hand does, and lets go.
drag() {
  local step
  point "$1" "$2"
  does xdotool mousedown 1
  for step in 1 2 3 4; do
    point $(($1 + ($3 - $1) * step / 4)) $(($2 + ($4 - $2) * step / 4))
  done
  does xdotool mouseup 1
}

# drawn FILTER: the file is so, as jq says.
drawn() { jq -e "$1" "$file" > /dev/null 2>&1; }

# sure FILTER COMMAND…: does it, saves (by `save`, as each session does that), and looks whether the file is so then. If not,
# what came of it is undone, and it is done again; a few times at most.
sure() {
  local filter=$1
  shift
  cp "$file" "$work/before"
  for _ in 1 2 3; do
    "$@"
    save
    wait_for 'drawn "$filter"' 10 2> /dev/null && return
    look missed
    undo
  done
  echo "not drawn: $filter, by $*" >&2
  return 1
}

undo() {
  press Escape Escape
  for _ in $(seq 30); do
    ! cmp -s "$file" "$work/before" || return 0
    press ctrl+z ctrl+s
    sleep 0.3
  done
  echo "not undone" >&2
  return 1
}

# look NAME: a picture, where pictures are wanted.
look() {
  [ -n "${TIDEGATE_PICTURES:-}" ] && command -v import > /dev/null || return 0
  import -window root "$TIDEGATE_PICTURES/$1.png" 2> /dev/null || true
}

# The file without places, in an order that does not tell how it was built.
shape() { jq -S 'del(.nodes[].at) | .nodes |= sort_by(.id) | .edges |= sort_by(.from)' "$1"; }

# proven PROGRAM FILE SINK: what was drawn is what was to be drawn, and a file like any other; run in the editor, which shows
# it, by what is given as fourth, it writes to SINK what it writes when it runs headless.
proven() {
  local program=$1 drawn=$2 sink=$3
  shift 3
  shape "$drawn" | diff "$here/session.expected" - || { echo "something else was drawn" >&2; return 1; }
  "$program" fmt --check "$drawn"
  mkdir "$work/headless"
  (cd "$work/headless" && "$program" run "$drawn" --memory > run.log 2>&1) || { cat "$work/headless/run.log" >&2; return 1; }
  sort "$work/headless/$sink" > "$work/headless.sorted"
  [ -s "$work/headless.sorted" ] || { echo "the run has written nothing" >&2; return 1; }
  "$@"
  # To its end: windows that were open have closed.
  wait_for 'sort "$work/$sink" 2> /dev/null | cmp -s - "$work/headless.sorted"' 90 || {
    echo "the run in the editor has written something else: $(wc -l < "$work/$sink") lines, not $(wc -l < "$work/headless.sorted")" >&2
    return 1
  }
  look run
  echo "$(wc -l < "$work/headless.sorted") results, the same in the editor and headless"
}
