#!/bin/sh
# date of a host whose clock is wrong.
case " $* " in *" -d"* | *" --date"* | *" -r"* | *" -s"*) exec /bin/date "$@" ;; esac
exec /bin/date -d "@SKEW@ seconds" "$@"
