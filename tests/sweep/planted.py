#!/usr/bin/env python3
"""usage: planted.py ack|retry|nack QUEUE HANDLE|ID

Commands with the faults that pairs.py is to find: what the first version of mq did, in its order.
  ack    ends the claim, and only then removes the link in latest/ that names it;
  retry  removes a dead letter on the word of a link in latest/, and does not look whether the message that it names stands;
  nack   passes the turn of the key, and only then gives up on the message, which others may have taken back meanwhile.
Messages are of one key, in the queue's only buckets.
"""
import glob
import os
import sys

verb, queue, word = sys.argv[1:]
top = f"{os.environ['MQ_SPOOL']}/{queue}"
number, *token = word.split(",")


def find(state, wanted=number):
    return next(iter(glob.glob(f"{top}/{state}/*/*{wanted}*")), None)


def order(name):
    return next(f[1:] for f in name.split(",") if f.startswith("K"))


def lost():
    print("planted: the claim is lost", file=sys.stderr)
    sys.exit(69)


def bare(name, key):
    """The name without the fields of a claim, and with another time."""
    fields = [f for f in os.path.basename(name).split(",")[1:] if f[0] not in "ctl"]
    return ",".join([key, *fields])


def ack():
    claim = find("claimed", f"{number}*,c{token[0]},")
    if not claim:
        lost()
    os.unlink(claim)
    link = f"{top}/latest/{order(claim)}"
    if os.path.islink(link) and number in os.readlink(link):
        os.unlink(link)


def retry():
    letter = find("dead")
    link = f"{top}/latest/{order(letter)}"
    if os.path.islink(link) and os.path.basename(os.readlink(link)).split(",")[1] > number:
        os.unlink(letter)
    else:
        os.rename(letter, glob.glob(f"{top}/ready/5.*")[0] + "/" + bare(letter, os.path.basename(letter)[:23]))


def nack():
    claim = find("claimed", f"{number}*,c{token[0]},")
    if not claim:
        lost()
    turn = glob.glob(f"{top}/turns/{order(claim)}/*")[0]
    following = sorted(glob.glob(f"{top}/waiting/{order(claim)}/*/*"))[0]
    os.rename(turn, f"{os.path.dirname(turn)}/{os.path.basename(following).split(',')[1]}")
    os.rename(following, glob.glob(f"{top}/ready/5.*")[0] + f"/{os.path.basename(following)},w")
    try:
        os.rename(claim, glob.glob(f"{top}/dead/*")[0] + "/" + bare(claim, os.path.basename(claim)[:23]) + ",rnack")
    except FileNotFoundError:
        lost()


{"ack": ack, "retry": retry, "nack": nack}[verb]()
