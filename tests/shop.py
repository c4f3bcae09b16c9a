#!/usr/bin/env python3
"""A shop while everything dies: a topic, services with workers, customers' orders as keys.

usage: shop.py CUSTOMERS ORDERS KILLS SECONDS SEED     (MQ_BIN: the program; works in the current directory)

Each customer has a publisher, whose push is killed now and then and tried again with the same --id until it exits with 0.  It
goes on to its next order until it had ORDERS of them, KILLS other processes were killed and SECONDS are over.  payment and
inventory get each order.placed; payment publishes order.paid; shipping, which is down for the first third, gets both; mail
subscribes in the middle, to all since the beginning.  Handlers write "S CUSTOMER THING ID" when they begin, "E ..." when they
are done; some fail the first time, and inventory gives up one order for good.  In the end, in each service:
  - each order came, as one message and no other, and was done; the one that inventory gave up is its only dead letter;
  - of one customer a message began when the one before was done, and they came as they were pushed;
  - the topic distributed each once, nothing is left, and fsck finds what crashes leave, and not that after a repair.
"""
import json, os, random, signal, subprocess, sys, threading, time

import order
from order import MQ, kill, mq

TOPIC, POISON = "orders", "c0 5"
PLACED, PAID = "order.placed", "order.paid"
SERVICES = {"payment": [PLACED], "inventory": [PLACED], "shipping": [PLACED, PAID], "mail": [PAID]}
WORKERS = ("payment", "inventory", "shipping", "shipping", "mail")
BEGIN = r'''
read -r customer n
say() { echo "$1 $customer $MQ_HEADER_TYPE:$n $MQ_ID" >>"$service.log"; }
say S
if [ $((n % 7)) = 3 ] && [ "$MQ_ATTEMPT" = 1 ]; then exit 1; fi
'''
WORK = {"payment": f'{MQ} push -q {TOPIC} --type {PAID} -k "$customer" --id "$customer-$n-paid" -m "$customer $n\n" || exit 75\n',
        "inventory": f'if [ "$customer $n" = "{POISON}" ]; then say E; exit 65; fi\n'}
# Single commands.  What is written lies between two of them, so no lease is to end there.
POPPER = f'''
service=inventory
while :; do
    if {MQ} claim $service --lease 3s --wait=1s --json >claim.$$; then
        set -- $(sed 's/.*"handle":"\\([^"]*\\)".*"body":"\\([^ ]*\\) \\([0-9]*\\).*/\\1 \\2 \\3/' claim.$$)
        if [ "$2 $3" = "{POISON}" ]; then end="nack --dead"; else end=ack; fi
        echo "S $2 {PLACED}:$3 ${{1%%,*}}" >>$service.log; echo "E $2 {PLACED}:$3 ${{1%%,*}}" >>$service.log
        {MQ} $end $service "$1" 2>/dev/null
    fi
done'''
ONLOOKER = f'while :; do {MQ} topics; {MQ} fsck; {MQ} stat; {MQ} fsck --repair; sleep 0.1; done >/dev/null 2>&1'


def worker(service):
    script = f"service={service}{BEGIN}{WORK.get(service, '')}say E"
    return subprocess.Popen([MQ, "work", service, "-j4", "--", "sh", "-c", script], stderr=subprocess.DEVNULL)


def loop(script):
    return subprocess.Popen(["sh", "-c", script], stderr=subprocess.DEVNULL, start_new_session=True)


class Shop:
    def __init__(self, customers, orders, kills, seconds, seed):
        self.orders, self.kills, self.end = orders, kills, time.monotonic() + seconds
        self.random, self.killed, self.shots = random.Random(seed), 0, 0
        self.placed, self.wrong = {f"c{k}": 0 for k in range(customers)}, []
        self.publishers = [threading.Thread(target=self.publish, args=(c, random.Random(f"{seed} {c}"))) for c in self.placed]
        self.processes = {}

    def enough(self):
        return self.killed >= self.kills and time.monotonic() > self.end

    def publish(self, customer, chance):
        while not self.wrong and (self.placed[customer] < self.orders or not self.enough()):
            n = self.placed[customer] + 1
            argv = [MQ, "push", "-q", TOPIC, "--type", PLACED, "-k", customer, "--id", f"{customer}-{n}", "-m", f"{customer} {n}\n"]
            status = -signal.SIGKILL
            while status != 0:
                p = subprocess.Popen(argv)
                if chance.random() < 0.2:
                    time.sleep(chance.random() * 0.03)
                    if p.poll() is None:
                        self.shots += 1
                        p.kill()
                status = p.wait()
                if status not in (0, 71, 75, -signal.SIGKILL):
                    self.wrong.append(f"{' '.join(argv)}: exit {status}")
                    return
            self.placed[customer] = n

    def start(self, *names):
        for name in names:
            service = name.rstrip("0123456789")
            self.processes[name] = worker(service) if service in SERVICES else loop({"popper": POPPER, "onlooker": ONLOOKER}[service])

    def kill_one(self):
        name = self.random.choice(list(self.processes))
        kill(self.processes[name], name in ("popper", "onlooker"))
        self.killed += 1
        self.start(name)

    def run(self):
        mq("init", TOPIC, "keep=1d", "unrouted=error")
        for service, types in SERVICES.items():
            mq("init", service, "keep=1d", "lease=5s", "backoff=10ms..50ms", "attempts=1000")
            if service != "mail":
                mq("subscribe", "-q", TOPIC, service, "--filter", f"Type={types[0] if len(types) == 1 else 'order.*'}")
        self.start("payment1", "inventory1", "popper", "onlooker")
        for p in self.publishers:
            p.start()
        while any(p.is_alive() for p in self.publishers):
            time.sleep(self.random.random() * 0.2)
            self.kill_one()
            if self.killed == max(1, self.kills // 3):
                self.start("shipping1", "shipping2")
            if self.killed == max(2, self.kills // 2):
                mq("subscribe", "-q", TOPIC, "mail", "--filter", f"Type={PAID}", "--since", "1h")
                self.start("mail1")
        self.drain()
        for name, p in self.processes.items():
            kill(p, name in ("popper", "onlooker"))

    def waiting(self):
        stats = [json.loads(line) for line in mq("stat", "--json").splitlines()]
        return {s["queue"]: n for s in stats if (n := s["ready"] + s["delayed"] + s["claimed"]) > 0}

    def drain(self):
        """As long as it gets less: what there is depends on how fast the machine pushes."""
        least, since = None, time.monotonic()
        while left := self.waiting():
            if least is None or sum(left.values()) < least:
                least, since = sum(left.values()), time.monotonic()
            if time.monotonic() - since > 90:
                self.wrong.append(f"left over, and no less for 90 s: {left}")
                return
            time.sleep(0.05)

    # ---- what came of it ----------------------------------------------------

    def ids(self, queue, state):
        return mq("ls", queue, "--state", state, "--ids").split()

    def check_log(self, service, lines):
        """Each thing of each customer done, as one message, one after the other, as it was pushed."""
        wrong, began = order.check(lines)
        if wrong:
            yield wrong
        done = {tuple(line.split()[1:]) for line in lines if line[0] == "E"}
        messages = {}
        for customer, thing, id in {tuple(line.split()[1:]) for line in lines}:
            messages.setdefault((customer, thing), set()).add(id)
        for type in SERVICES[service]:
            for customer, n in self.placed.items():
                want = [f"{type}:{i + 1}" for i in range(n)]
                if (got := [t for t in began.get(customer, []) if t.startswith(type + ":")]) != want:
                    yield f"{customer} ordered {n}, and what came is {' '.join(got)}"
        for (customer, thing), ids in messages.items():
            if len(ids) != 1:
                yield f"{customer} {thing} came as {' and '.join(ids)}"
            if not any((customer, thing, id) in done for id in ids):
                yield f"{customer} {thing} was not done"

    def check(self):
        total = sum(self.placed.values())
        for service, types in SERVICES.items():
            with open(service + ".log") as f:
                lines = f.read().splitlines()
            self.wrong += [f"{service}: {w}" for w in self.check_log(service, lines)]
            kept, dead = self.ids(service, "done"), self.ids(service, "dead")
            if len(kept) + len(dead) != total * len(types) or len(set(kept + dead)) != len(kept + dead):
                self.wrong.append(f"{service}: {len(kept)} kept and {len(dead)} dead of {total * len(types)}")
            poison = [mq("peek", service, id).strip() for id in dead]
            if poison != ([POISON] if service == "inventory" else []):
                self.wrong.append(f"{service}: dead letters: {poison}")
        if len(self.ids(TOPIC, "done")) != 2 * total:
            self.wrong.append(f"{len(self.ids(TOPIC, 'done'))} went through the topic, {2 * total} were pushed")
        self.check_spool()

    def check_spool(self):
        found = [json.loads(line) for line in self.fsck("--json").stdout.splitlines()]
        self.wrong += [f"fsck: {f}" for f in found if f["severity"] != "info"]
        self.fsck("--repair")
        if (after := self.fsck()).returncode != 0:
            self.wrong.append(f"fsck after --repair: {after.stdout}")

    def fsck(self, *options):
        return subprocess.run([MQ, "fsck", *options], capture_output=True, text=True)


def main():
    began = time.monotonic()
    shop = Shop(*map(int, sys.argv[1:6]))
    shop.run()
    shop.check()
    if shop.wrong:
        sys.exit("\n".join(shop.wrong))
    print(f"{sum(shop.placed.values())} orders of {len(shop.placed)} customers, {len(SERVICES)} services, {shop.killed} processes "
          f"and {shop.shots} pushes killed in {time.monotonic() - began:.0f} s: 0 lost, 0 doubled, 0 out of order")


main()
