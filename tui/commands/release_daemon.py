"""A release that systemd does not run: its process found in /proc, its own daemon and stop. Pure.

mix release's `stop` returns at once and `daemon` exits 0 even when the name is taken
(facts.md section 3): what counts is which process is there afterwards.
"""

from __future__ import annotations

from tui.commands.owner import owner_command
from tui.commands.unit_environment import UNIT_ENVIRONMENT
from tui.model.command import Command, Effect
from tui.model.fleet import App, Flavour

START_S = 60.0
STOP_S = 120.0
"""Seconds that the release gets to come up, and to end before it is left as it is."""

FIND = r"""
beamdeck_main() { # $1 the release's folder, $2 the app: the process of its node, if there is one
  bm_root=$(cd "$1" 2>/dev/null && pwd -P) || return
  for bm_file in $(grep -lasF -- "$bm_root/releases/" /proc/[0-9]*/cmdline 2>/dev/null); do
    bm_boot=$(tr '\0' '\n' <"$bm_file" 2>/dev/null | sed -n '/^-boot$/{n;p;q;}')
    case $bm_boot in
      # Not the small ones that ask a node or run beside it: they boot start_clean.
      "$bm_root"/releases/*/start | "$bm_root"/releases/*/"$2")
        bm_pid=${bm_file#/proc/}; echo "${bm_pid%/cmdline}"; return ;;
    esac
  done
}
"""
"""Defines `beamdeck_main FOLDER APP`, which prints a process id or nothing."""

STATE = (
    FIND
    + r"""
beamdeck_state() { # as systemctl show would say it, of $1 folder, $2 app
  bs_pid=$(beamdeck_main "$1" "$2")
  [ -e "$1/bin/$2" ] && echo LoadState=loaded || echo LoadState=not-found
  bs_work=
  if read -r bs_by bs_what 2>/dev/null <"$1/.beamdeck/daemon" && [ -d "/proc/$bs_by" ]; then
    bs_work=$bs_what
  fi
  echo Type=release
  echo "MainPID=${bs_pid:-0}"
  if [ -n "$bs_pid" ]; then
    read -r bs_stat <"/proc/$bs_pid/stat"
    bs_ticks=$(set -- ${bs_stat##*) }; echo "${20}")
    bs_us=$((bs_ticks * 1000000 / $(getconf CLK_TCK 2>/dev/null || echo 100)))
    [ -z "$bs_work" ] && echo ActiveState=active || echo ActiveState=deactivating
    echo SubState=running
    echo "InvocationID=$bs_pid-$bs_ticks"
    echo "ActiveEnterTimestampMonotonic=$bs_us"
    echo "StateChangeTimestampMonotonic=$bs_us"
  elif [ -n "$bs_work" ]; then
    echo ActiveState=activating; echo SubState=start
  else
    echo ActiveState=inactive; echo SubState=dead
  fi
  echo Result=success
  echo NRestarts=0
}
"""
)
"""Defines `beamdeck_state FOLDER APP`, which prints what the probe reads of a unit."""

# As the owner. $1 folder, $2 app, $3 start, stop or restart, $4 the word that starts it,
# $5 env_file, $6 and $7 the seconds for its end and its start. Silent, so that a lost link does
# not end it half way; what it is at stands in .beamdeck/daemon while it is at it.
_RUN = (
    FIND
    + UNIT_ENVIRONMENT
    + r"""
r=$1 a=$2 what=$3 begin=$4 envfile=$5 stop_s=$6 start_s=$7
no() { status=$1; shift; rm -f -- "$mark"; echo "beamdeck: $*" >&2; exit "$status"; }
cd "$r" || exit 66
mark=$r/.beamdeck/daemon
mkdir -p .beamdeck && chmod 0750 .beamdeck && echo "$$ $what" >"$mark" || exit 73
old=$(beamdeck_main "$r" "$a")
# The function above asks systemd for a main process; here it is the one that was found.
systemctl() { [ "$3" != MainPID ] || echo "$old"; }
beamdeck_environment none "$envfile"
unset -f systemctl
unset LC_ALL
wait_for() { # $1 seconds, then what must come true
  left=$(($1 * 5)); shift
  until "$@"; do
    [ "$left" -gt 0 ] || return 1
    left=$((left - 1)); sleep 0.2
  done
}
gone() { [ ! -d "/proc/$old" ]; }
up() { new=$(beamdeck_main "$r" "$a"); [ -n "$new" ] && [ "$new" != "$old" ]; }
case $what in
  stop | restart)
    [ -n "$old" ] || [ "$what" = restart ] || no 70 "no node is running"
    if [ -n "$old" ]; then
      said=$("bin/$a" stop 2>&1 </dev/null) || no 71 "bin/$a stop: $said"
      wait_for "$stop_s" gone ||
        no 72 "process $old did not end within $stop_s s; nothing was killed"
    fi ;;
  *) [ -z "$old" ] || no 70 "a node is running already, as process $old" ;;
esac
if [ "$what" != stop ]; then
  # The old node's cookie was for stopping it: a new one takes what its release or file says.
  unset RELEASE_COOKIE
  c=$(sed -n 's/^RELEASE_COOKIE=//p' "${envfile:-/dev/null}" 2>/dev/null | tail -n 1)
  [ -z "$c" ] || export RELEASE_COOKIE="$c"
  said=$("bin/$a" "$begin" 2>&1 </dev/null) || no 71 "bin/$a $begin: $said"
  wait_for "$start_s" up || no 72 "no process of the release came up within $start_s s"
fi
rm -f -- "$mark"
"""
)


def daemon_command(app: App, root: str, flavour: Flavour, what: str) -> Command:
    """Start, stop or restart a release by its own launcher, as its owner; a change.

    Exit status 70: there is nothing to do; 71: the launcher refused, stderr says how; 72: it did
    not end, or did not come up, in its time; nothing is ever killed.
    """
    begin = "start" if flavour is Flavour.DISTILLERY else "daemon"
    limits = (f"{STOP_S:.0f}", f"{START_S:.0f}")
    words = (root, app.name, what, begin, app.env_file or "", *limits)
    return owner_command(
        app, _RUN, words, effect=Effect.CHANGE, timeout_s=START_S + STOP_S + 20.0,
        max_bytes=64 * 1024,
    )  # fmt: skip
