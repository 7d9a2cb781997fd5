#!/bin/sh
# df of a host whose disk is full: the real sizes, nothing free.
case " $* " in *" --output=avail"*) /bin/df "$@" | sed '2,$s/[0-9]*$/0/' && exit ;; esac
/bin/df "$@" | {
    read -r header && echo "$header"
    while read -r name blocks _ _ _ where; do echo "$name $blocks $blocks 0 100% $where"; done
}
