"""Runs a bot that does not give way under a watchdog of little patience, and prints what it reports, as JSON.

usage: run_stalled.py CASE     exit status 3: the last resort
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable

from ticklink.backtest import virtual_time
from ticklink.backtest.scheduler import Scheduler
from ticklink.backtest.watchdog import Stalled, Watchdog, report_real_calls


def spin() -> None:
    while True:
        sum(range(1_000))  # spin


def spin_after_sleeping() -> None:
    time.sleep(60)
    spin()


def swallow_once() -> None:
    try:
        spin()
    except BaseException:  # noqa: BLE001 - as a bot might
        time.sleep(1)


def swallow_for_ever() -> None:
    while True:
        swallow_in_place()


def swallow_in_place() -> None:
    try:
        spin()
    except BaseException:  # noqa: BLE001 - as a bot might
        sum(range(1_000))


def block_in_c() -> None:
    os.read(os.pipe()[0], 1)


def work_long_but_give_way() -> None:
    for _ in range(20):
        began_s = virtual_time.REAL.perf_counter()
        while virtual_time.REAL.perf_counter() < began_s + 0.05:
            pass
        time.sleep(1)


def report(stalled: Stalled) -> None:
    print(json.dumps([stalled.thread, os.path.basename(stalled.file), stalled.line, "spin" in stalled.stack]))
    sys.stdout.flush()


def leave(stalled: Stalled) -> None:
    report(stalled)
    os._exit(3)


def run(scheduler: Scheduler, target: Callable[[], None]) -> None:
    with Watchdog(scheduler, last_resort=leave, patience_s=0.5, grace_s=0.5) as watchdog:
        try:
            threading.Thread(target=target, name="worker").start()
            scheduler.run_until(10**12)
        except Stalled as stalled:
            report(stalled)
        scheduler.stop()
        with watchdog.paused():
            virtual_time.REAL.sleep(1.2)


def count_without_switching(scheduler: Scheduler) -> None:
    delivered = 0
    with Watchdog(scheduler, last_resort=leave, patience_s=0.5, progress=lambda: delivered):
        began_s = virtual_time.REAL.perf_counter()
        while virtual_time.REAL.perf_counter() < began_s + 1.2:
            delivered += 1


def call_outside() -> None:
    import socket
    import subprocess

    for _ in range(2):
        subprocess.run([sys.executable, "-c", ""], check=True)
    with socket.socket() as client, socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())


def main(case: str) -> None:
    scheduler = Scheduler(0)
    virtual_time.install(scheduler)
    calls: list[list[object]] = []
    if case == "count_without_switching":
        count_without_switching(scheduler)
    elif case == "call_outside":
        report_real_calls(lambda what, file, line: calls.append([what, os.path.basename(file), line]))
        call_outside()
        print(json.dumps(calls))
    else:
        run(scheduler, globals()[case])


if __name__ == "__main__":
    main(sys.argv[1])
