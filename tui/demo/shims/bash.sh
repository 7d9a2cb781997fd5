#!/bin/sh
# bash, with the host's own loopback: all hosts are one machine, so 127.0.0.1 is told apart here.
own=@LOOPBACK@
[ "$own" = 127.0.0.1 ] && exec /bin/bash "$@"
count=$#
while [ $count -gt 0 ]; do
    word=$1
    shift
    case $word in
        127.0.0.1 | localhost) word=$own ;;
        */dev/tcp/127.0.0.1/*) word=${word%%/dev/tcp/127.0.0.1/*}/dev/tcp/$own/${word#*/dev/tcp/127.0.0.1/} ;;
    esac
    set -- "$@" "$word"
    count=$((count - 1))
done
exec /bin/bash "$@"
