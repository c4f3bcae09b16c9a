#!/bin/sh
# usage: producer.sh QUEUEDIR <body: one message, by way of tmp/ and new/ (spool-format.md, F8.1, F8.4 and F13.1).
set -eu
name=$(date +%s).$$.$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
cat >"$1/tmp/$name"
sync "$1/tmp/$name"
mv "$1/tmp/$name" "$1/new/$name"
sync "$1/new"
