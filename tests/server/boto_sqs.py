"""boto3 as a witness: boto_sqs.py HELPER PORT."""

import os
import sys

import boto3

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "engine"))
from conformance.case import same
from conformance.peer import Peer

endpoint = "127.0.0.1:" + sys.argv[2]
sqs = boto3.client("sqs", endpoint_url="http://" + endpoint)
url = sqs.create_queue(QueueName="witness")["QueueUrl"]
peer = Peer(sys.argv[1], {"url": "sqs+http://" + endpoint}).open()

for body, text, encoding in ((b"plain \xc3\xbc", "plain \u00fc", None), (b"\0\xff", "AP8=", "base64"), (b"", "(empty)", "empty")):
    peer.push("witness", "id-1", body, [("Type", "x"), ("Tag", "1"), ("Tag", "2")])
    m = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=2)["Messages"][0]
    attributes = {k: v["StringValue"] for k, v in m["MessageAttributes"].items()}
    same("body", m["Body"], text)
    same("encoding", attributes.pop("mq-encoding", None), encoding)
    same("attributes", attributes, {"mq-id": "id-1", "mq-headers": "Type: x\nTag: 1\nTag: 2\nmq-id: id-1\n\n"})
    sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])

sent = sqs.send_message(QueueUrl=url, MessageBody="hello", MessageAttributes={
    "Type": {"DataType": "String", "StringValue": "y"}, "raw": {"DataType": "Binary", "BinaryValue": b"\0"}})
peer.take("witness", 1)
m = peer.get(1)[0]
same("id", (m.id, m.fields["derived"]), (sent["MessageId"], "1"))
same("message", (m.body, sorted(m.head.split(b"\n"))), (b"hello", [b"", b"", b"Type: y", b"raw: AA=="]))
peer.must("ack", m.token)
same("what is left", sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"], "0")
peer.bye()
peer.release()
