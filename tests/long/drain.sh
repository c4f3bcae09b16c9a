# drain.sh: fill the file system at ./m through a queue, and drain it to the last message.  For filesystems.bats and nfs.bats.

fail() { echo "FAILED: $*"; exit 9; }
mountpoint -q m || exit 8
export MQ_SPOOL=$PWD/m/spool
mq init q backoff=0s attempts=2 || fail init
# To the last inode or block, by messages; then to the last byte, by something else.
n=0
head -c "${size:-2}" /dev/urandom >body
while mq push -q q body 2>err; do n=$((n + 1)); [ $n -lt 20000 ] || break; done
cat /dev/zero >m/fill 2>/dev/null
sync
while mq push -q q body 2>err; do n=$((n + 1)); [ $n -lt 30000 ] || fail "it never fills"; done
mq push q -m more >out 2>err
[ $? -eq 75 ] || fail "push on a full disk: $(cat err)"
[ -s out ] && fail "an id was printed"
# Give back, fail, bury, hold, retry: each at least one at a time.
h=$(mq claim q) && mq nack q "$h" --no-count || fail "release: $(ls m)"
h=$(mq claim q) && mq nack q "$h" || fail nack
h=$(mq claim q) && mq nack q "$h" --dead || fail dead
mq retry -q q --all || fail retry
mq work q --drain -n 3 -- sh -c 'cat >/dev/null' || fail work
k=3
while mq pop q -0 >>popped; do k=$((k + 1)); done
[ $k -eq $n ] || fail "drained $k of $n"
mq push -q q -m again 2>err || { rm m/fill; mq push -q q -m again || fail "push after the drain: $(cat err)"; }
[ "$(mq pop q)" = again ] || fail again
mq fsck q || fail fsck
echo "drained $k messages"
