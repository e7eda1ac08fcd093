#!/usr/bin/env python3
"""A slow, far and unreliable link between two network namespaces, in user space.

    link.py NAME        makes namespaces NAME-near (10.77.0.1) and NAME-far (10.77.0.2), joined by this process

Commands on stdin, one answer line of JSON each on stdout:
    open                        no delay, no limit, always up
    shape KBIT RTT_MS UP_S DOWN_S QUEUE_BYTES
                                each direction carries KBIT kbit/s with half of RTT_MS of delay; the link is up for UP_S
                                seconds, then loses every packet for DOWN_S seconds, and so on (DOWN_S 0: always up)
    stats                       IP bytes offered, carried and lost in each direction, and outages so far
    quit

Needs root, or a user namespace of its own (`unshare -Urnm`). Packets of any protocol pass; nothing is simulated above IP,
so that the TCP under test is the kernel's own.
"""
import collections
import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
NEAR, FAR = "10.77.0.1", "10.77.0.2"


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class Direction:
    """One way of the link: a bounded queue that drains at the link's rate, then a fixed delay."""

    def __init__(self, source, target):
        self.source, self.target = source, target
        self.queue, self.flying = collections.deque(), collections.deque()
        self.queued_bytes, self.free_at = 0, 0.0
        self.offered = self.carried = self.lost = 0

    def take(self, link, now):
        while True:
            try:
                packet = os.read(self.source, 65536)
            except BlockingIOError:
                return
            self.offered += len(packet)
            full = link.rate and self.queued_bytes + len(packet) > link.queue_bytes
            if full or not link.is_up(now):
                self.lost += len(packet)
            else:
                self.queue.append(packet)
                self.queued_bytes += len(packet)

    def move(self, link, now):
        while self.queue and self.free_at <= now:
            packet = self.queue.popleft()
            self.queued_bytes -= len(packet)
            if not link.is_up(now):
                self.lost += len(packet)
                continue
            start = max(self.free_at, now - 0.05)
            self.free_at = start + (len(packet) / link.rate if link.rate else 0)
            self.flying.append((self.free_at + link.delay, packet))
        while self.flying and self.flying[0][0] <= now:
            _, packet = self.flying.popleft()
            if link.is_up(now):
                self.carried += len(packet)
                try:
                    os.write(self.target, packet)
                except OSError:
                    self.lost += len(packet)
            else:
                self.lost += len(packet)


class Link:
    def __init__(self, name):
        self.name = name
        self.rate = self.delay = self.up = self.down = 0.0
        self.queue_bytes, self.since = 1 << 30, time.monotonic()
        near, far = tun("qnear"), tun("qfar")
        for side, device, address, peer in (("near", "qnear", NEAR, FAR), ("far", "qfar", FAR, NEAR)):
            space = f"{name}-{side}"
            ip("netns", "add", space)
            ip("link", "set", device, "netns", space)
            for words in (("link", "set", "lo", "up"), ("addr", "add", address, "peer", peer, "dev", device),
                          ("link", "set", device, "up", "mtu", "1400")):
                ip("netns", "exec", space, "ip", *words)
        self.directions = [Direction(near, far), Direction(far, near)]

    def is_up(self, now):
        return not self.down or (now - self.since) % (self.up + self.down) < self.up

    def outages(self, now):
        return int((now - self.since + self.down) // (self.up + self.down)) if self.down else 0

    def command(self, words, now):
        if words[0] == "shape":
            kbit, rtt, up, down, queue = (float(word) for word in words[1:])
            self.rate, self.delay, self.up, self.down = kbit * 125, rtt / 2000, up, down
            self.queue_bytes, self.since = queue, now
            for direction in self.directions:
                direction.offered = direction.carried = direction.lost = 0
        elif words[0] == "open":
            self.rate = self.delay = self.up = self.down = 0.0
        names = ("near_to_far", "far_to_near")
        answer = {
            name: {"offered": d.offered, "carried": d.carried, "lost": d.lost}
            for name, d in zip(names, self.directions)
        }
        answer["outages"] = self.outages(now)
        print(json.dumps(answer), flush=True)

    def run(self):
        pending = b""
        while True:
            busy = any(d.queue or d.flying for d in self.directions)
            sources = [d.source for d in self.directions] + [0]
            readable, _, _ = select.select(sources, [], [], 0.001 if busy else 0.05)
            now = time.monotonic()
            for direction in self.directions:
                direction.take(self, now)
                direction.move(self, now)
            if 0 in readable:
                chunk = os.read(0, 4096)
                if not chunk:
                    return
                pending += chunk
                while b"\n" in pending:
                    line, pending = pending.split(b"\n", 1)
                    words = line.decode().split()
                    if words[:1] == ["quit"]:
                        return
                    if words:
                        self.command(words, now)

    def remove(self):
        for side in ("near", "far"):
            subprocess.run(["ip", "netns", "del", f"{self.name}-{side}"], check=False)


if __name__ == "__main__":
    link = Link(sys.argv[1])
    try:
        print(json.dumps({"near": NEAR, "far": FAR}), flush=True)
        link.run()
    finally:
        link.remove()
