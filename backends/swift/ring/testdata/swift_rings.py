"""The side of Swift's own code: builds rings with swift.common.ring and says
what Swift makes of them, as JSON.

    swift_rings.py random DIR SEED COUNT
    swift_rings.py bench FILE

Where Swift has code for a question, that code answers; the rest is counted
here the plain way, partition by partition.
"""
import itertools
import json
import math
import os
import random
import sys
import time
from collections import defaultdict

import swift
from swift.common import utils
from swift.common.ring import Ring, RingData
from swift.common.ring.builder import RingBuilder
from swift.common.ring.utils import tiers_for_dev

PREFIX, SUFFIX = b'pre\xff', b'suf"x'
utils.HASH_PATH_PREFIX, utils.HASH_PATH_SUFFIX = PREFIX, SUFFIX

# replicas, and the erasure code (data, parity, copies) if there is one
SCHEMES = [(1.0, None), (2.0, None), (3.0, None), (3.0, None), (2.5, None),
           (3.3, None), (1.75, None), (4.0, None), (5.0, None),
           (6.0, (4, 2, 1)), (14.0, (10, 4, 1)), (12.0, (4, 2, 2)),
           (9.0, (2, 1, 3))]


def add_devices(rb, rng):
    n = 0
    for region in range(1, rng.choice([1, 1, 2, 3]) + 1):
        for zone in range(1, rng.randint(1, 4) + 1):
            for host in range(1, rng.randint(1, 5) + 1):
                ip = '10.%d.%d.%d' % (region, zone, host)
                if rng.random() < 0.1:
                    ip = 'fd00::%d:%d:%d' % (region, zone, host)
                for dev in range(rng.randint(1, 4)):
                    rb.add_dev({
                        'region': region, 'zone': zone, 'ip': ip,
                        # a port per disk, as with servers_per_port
                        'port': 6200 + (dev if host % 2 else 0),
                        'device': 'sd%s' % 'bcdefgh'[dev],
                        'weight': rng.choice([100, 100, 100, 200, 50.5]),
                        'meta': rng.choice(['', 'rack 7', 'caf\u00e9'])})
                    n += 1
    return n


def build(rng, power):
    replicas, code = rng.choice(SCHEMES)
    while True:
        rb = RingBuilder(power, replicas, 1)
        add_devices(rb, rng)
        if len([d for d in rb.devs if d]) > replicas + 2:
            break
    rb.overload = rng.choice([0.0, 0.0, 0.1])
    rb.rebalance(seed=rng.randint(0, 1 << 30))
    return rb, replicas, code


def mutate(rb, rng):
    """One change as operators make them; the ring may move a lot."""
    live = [d for d in rb.devs if d and d['weight'] > 0]
    spare = len(live) - int(math.ceil(rb.replicas)) - 1
    for _ in range(rng.randint(1, 3)):
        dev = rng.choice([d for d in rb.devs if d and d not in rb._remove_devs])
        what = rng.choice(['weight', 'zero', 'remove', 'add', 'readdress'])
        if what in ('zero', 'remove') and spare > 0 and dev['weight'] > 0:
            spare -= 1
            if what == 'zero':
                rb.set_dev_weight(dev['id'], 0.0)
            else:
                rb.remove_dev(dev['id'])
        elif what == 'weight' and dev['weight'] > 0:
            rb.set_dev_weight(dev['id'], dev['weight'] * 1.5)
        elif what == 'add':
            rb.add_dev({'region': dev['region'], 'zone': dev['zone'],
                        'ip': '10.9.9.%d' % rng.randint(1, 3), 'port': 6200,
                        'device': 'new%d' % len(rb.devs), 'weight': 100.0})
        elif what == 'readdress':
            dev['ip'] = '10.8.%d.8' % dev['id']
            rb.version += 1
    rb.pretend_min_part_hours_passed()
    rb.rebalance(seed=rng.randint(0, 1 << 30))


def rows_of(rb):
    return [list(row) for row in rb._replica2part2dev]


def primaries(rows, part):
    out = []
    for row in rows:
        if part < len(row) and row[part] not in out:
            out.append(row[part])
    return out


def what_if(rows, parts, off, code):
    degraded = below = unreadable = 0
    missing = defaultdict(int)
    for part in range(parts):
        ids = primaries(rows, part)
        on = [(i, d) for i, d in enumerate(ids) if d not in off]
        missing[len(ids) - len(on)] += 1
        if len(on) < len(ids):
            degraded += 1
        if code:
            data, parity, copies = code
            quorum = (data + 1) * copies
            readable = len(set(i % (data + parity) for i, _ in on)) >= data
        else:
            quorum = utils.quorum_size(len(ids))
            readable = len(on) > 0
        below += len(on) < quorum
        unreadable += not readable
    return {'off': sorted(off), 'degraded': degraded, 'below': below,
            'unreadable': unreadable,
            'missing': [missing[k] for k in range(len(rows) + 1)]}


def balance(rb, replicas):
    """The builder's code, with the replicas that the file has: a fraction of a
    partition is cut off when the rows are made."""
    was, rb.replicas = rb.replicas, replicas
    try:
        return rb.get_balance()
    finally:
        rb.replicas = was


def dispersion(rb, rows, replicas):
    """Swift's definition, with every replica of a short row counted: the
    builder's own loop ends at the shortest row."""
    was, rb.replicas = rb.replicas, replicas
    try:
        allowed = rb._build_max_replicas_by_tier()
    finally:
        rb.replicas = was
    risk = 0
    for part in range(rb.parts):
        at = defaultdict(int)
        for row in rows:
            if part < len(row):
                for tier in tiers_for_dev(rb.devs[row[part]]):
                    at[tier] += 1
        depth = defaultdict(int)
        depth[0] = 0
        for tier, n in at.items():
            depth[len(tier)] += max(0, n - allowed[tier])
        risk += max(depth.values())
    return 100.0 * risk / (rb.parts * replicas)


def describe(rb, path, rng, code):
    rb._ring = None
    rb.get_ring().save(path)
    ring = Ring(path)
    rows = rows_of(rb)
    parts = rb.parts
    some = sorted(set(rng.randrange(parts) for _ in range(12)) | {0, parts - 1})
    devs = [d for d in ring.devs if d]
    offs = []
    for _ in range(6):
        ips = sorted(set(d['ip'] for d in devs))
        down = set(rng.sample(ips, rng.randint(0, max(1, len(ips) // 2))))
        off = set(d['id'] for d in devs if d['ip'] in down)
        off |= set(d['id'] for d in devs if rng.random() < 0.05)
        offs.append(what_if(rows, parts, off, code))
    paths = []
    for i in range(8):
        name = ['AUTH_t%d' % i, 'c \u30b7%d' % i, 'o/%d/x y' % i][:rng.randint(1, 3)]
        part, nodes = ring.get_nodes(*name)
        paths.append({'path': name, 'hash': utils.hash_path(*name),
                      'part': part, 'nodes': [n['id'] for n in nodes]})
    return {
        'file': os.path.basename(path), 'md5': ring.md5,
        'partitions': ring.partition_count, 'replicas': ring.replica_count,
        'version': ring.version, 'devs': ring.devs, 'code': code,
        'parts': {d['id']: sum(row.count(d['id']) for row in rows)
                  for d in devs},
        'balance': balance(rb, ring.replica_count),
        'dispersion': dispersion(rb, rows, ring.replica_count),
        'swift_dispersion': rb.dispersion,
        'handoffs': [{'part': p,
                      'primaries': [n['id'] for n in ring.get_part_nodes(p)],
                      'handoffs': [n['id'] for n in ring.get_more_nodes(p)]}
                     for p in some],
        'paths': paths, 'what_if': offs,
    }


def moved(old, new, positional):
    """Replicas of the new ring that have to come from elsewhere. With an
    erasure code the position says which fragment it is."""
    out = {'moved': 0, 'in': defaultdict(int), 'hist': defaultdict(int)}
    for part in range(len(new[0])):
        if positional:
            came = [d for i, d in enumerate(row[part] for row in new if part < len(row))
                    if i >= len(old) or part >= len(old[i]) or old[i][part] != d]
        else:
            left = [row[part] for row in old if part < len(row)]
            came = []
            for row in new:
                if part < len(row):
                    if row[part] in left:
                        left.remove(row[part])
                    else:
                        came.append(row[part])
        out['moved'] += len(came)
        out['hist'][len(came)] += 1
        for d in came:
            out['in'][d] += 1
    return out


def random_rings(directory, seed, count):
    out = []
    for i in range(count):
        rng = random.Random(seed * 100003 + i)
        rb, replicas, code = build(rng, rng.randint(3, 8))
        base = os.path.join(directory, 'ring%d' % i)
        old, old_devs = rows_of(rb), [dict(d) if d else None for d in rb.devs]
        one = describe(rb, base + '-old.ring.gz', rng, code)
        mutate(rb, rng)
        new = rows_of(rb)
        two = describe(rb, base + '-new.ring.gz', rng, code)
        rb.save(base + '.builder')
        out.append({'old': one, 'new': two, 'builder': {
            'file': 'ring%d.builder' % i, 'id': rb.id, 'part_power': rb.part_power,
            'replicas': rb.replicas, 'min_part_hours': rb.min_part_hours,
            'version': rb.version, 'overload': rb.overload,
            'dispersion': rb.dispersion, 'rows': new,
            'epoch': rb._last_part_moves_epoch,
            'last_moves': list(rb._last_part_moves),
            'wanted': {d['id']: d['parts_wanted'] for d in rb.devs if d},
        }, 'diff': moved(old, new, bool(code))})
    return out


def peak_kb():
    with open('/proc/self/status') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmHWM'))


def bench(path):
    """Times Swift's code, and the plainest fast loops where it has none, on one
    ring file of 3 replicas: milliseconds of CPU, the best of three for what is
    short."""
    out = {}

    def timed(name, f, times=3):
        best = None
        for _ in range(times):
            start = time.process_time()
            value = f()
            took = 1000 * (time.process_time() - start)
            best = took if best is None else min(best, took)
        out[name] = best
        return value

    ring = timed('load', lambda: Ring(path))
    out['peak_kb'] = peak_kb()
    rows = ring._replica2part2dev_id
    off = set(d['id'] for d in ring.devs if d and d['zone'] == 1)
    flags = [bool(d and d['id'] in off) for d in ring.devs]

    def counts():
        n = [0] * len(ring.devs)
        for row in rows:
            for d in row:
                n[d] += 1
        return n

    def what_if_():
        missing = [0] * 4
        for a, b, c in zip(*rows):
            missing[flags[a] + flags[b] + flags[c]] += 1
        return missing

    timed('counts', counts)
    out['missing'] = timed('what_if', what_if_)
    rb = RingBuilder(ring.part_power, ring.replica_count, 1)
    rb.devs, rb._replica2part2dev = ring.devs, rows
    timed('dispersion', rb._build_dispersion_graph, 1)
    out['percent'] = rb.dispersion
    return out


if __name__ == '__main__':
    if sys.argv[1] == 'random':
        answer = random_rings(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        answer = bench(sys.argv[2])
    json.dump({'swift': swift.__version__, 'answer': answer}, sys.stdout)
