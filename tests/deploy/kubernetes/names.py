"""The name server of the pods: every name below one domain is one address, and no other name exists.

names.py ADDRESS DOMAIN ANSWER      listens on UDP port 53 of ADDRESS; prints "listening udp://ADDRESS:53" when ready
"""

import socket
import struct
import sys

A, NO_ERROR, NO_SUCH_NAME = 1, 0, 3


def question_of(request):
    """The name, its type, and where the question ends."""
    labels, at = [], 12
    while length := request[at]:
        labels.append(request[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    (kind,) = struct.unpack_from("!H", request, at + 1)
    return ".".join(labels).lower(), kind, at + 5


def answer_to(request, domain, address):
    name, kind, end = question_of(request)
    known = name.endswith(f".{domain}")
    # An address of version 6 of a known name: no error, and none.
    records = [address] if known and kind == A else []
    # An answer, by the one who must know; recursion was wished for and is offered.
    flags = 0x8580 | (NO_ERROR if known else NO_SUCH_NAME)
    reply = request[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0) + request[12:end]
    for record in records:
        # 0xC00C: the name of the question. Class IN, five seconds, four bytes.
        reply += struct.pack("!HHHIH", 0xC00C, A, 1, 5, 4) + socket.inet_aton(record)
    return reply


def main():
    address, domain, answer = sys.argv[1:]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    print(f"listening udp://{address}:53", flush=True)
    while True:
        request, client = server.recvfrom(1024)
        try:
            server.sendto(answer_to(request, domain, answer), client)
        except (IndexError, struct.error):
            print(f"not a question: {request.hex()}", file=sys.stderr, flush=True)


main()
