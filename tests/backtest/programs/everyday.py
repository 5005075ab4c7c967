# ruff: noqa: ANN001, ANN002, ANN201, ANN202
"""What bots do with the standard library. Knows nothing of virtual time, except that it takes notes on a `Stage`."""

import asyncio
import contextvars
import copy
import datetime as datetime_module
import logging
import pickle
import queue
import sched
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date, datetime, timedelta
from functools import partial
from types import FunctionType


def run(*targets):
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def sleep_loop_until_first_quote(stage):
    quotes = []
    stage.at(3.5, lambda: quotes.append(1))
    while not quotes:
        time.sleep(1)
    stage.note("quoted")


def timer_that_rearms_itself(stage):
    def tick(left):
        stage.note(threading.active_count())
        if left:
            threading.Timer(60, tick, [left - 1]).start()

    tick(3)


def debounce(stage):
    pending = []

    def quote(price):
        if pending:
            pending.pop().cancel()
        pending.append(threading.Timer(2, stage.note, [price]))
        pending[-1].start()

    for seconds in (1, 2, 3, 10, 11.5):
        stage.at(seconds, partial(quote, seconds))


def events(stage):
    ready = threading.Event()
    run(lambda: stage.note(ready.wait(0.5)), lambda: stage.note(ready.wait()), lambda: stage.note(ready.wait(5)))
    time.sleep(2)
    ready.set()
    stage.note("set")


def queues(stage):
    for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue):
        box = kind()
        run(lambda box=box: (time.sleep(1), box.put(2), box.put(1)))
        stage.note([box.get(), box.get()])
        try:
            box.get(timeout=2.5)
        except queue.Empty:
            stage.note("empty")
    full = queue.Queue(1)
    full.put(0)
    try:
        full.put(1, timeout=4)
    except queue.Full:
        stage.note("full")
    run(lambda: (time.sleep(1), full.get(), full.task_done(), time.sleep(1), full.get(), full.task_done()))
    full.put(2)
    full.join()
    stage.note("joined")


def locks_are_handed_over_in_order(stage):
    lock, recursive = threading.Lock(), threading.RLock()

    def work(name):
        with lock:
            stage.note(name)
            time.sleep(1)

    run(*(partial(work, name) for name in "abc"))
    time.sleep(0.5)
    stage.note(lock.acquire(timeout=0.25))
    stage.note(lock.acquire(blocking=False))

    def deep(name):
        with recursive, recursive:
            time.sleep(1)
            stage.note(name)

    run(partial(deep, "d"), partial(deep, "e"))


def conditions(stage):
    condition = threading.Condition()
    price = [0]

    def wait():
        with condition:
            stage.note(condition.wait_for(lambda: price[0] > 2, timeout=10))
            stage.note(condition.wait(timeout=5))

    def quote():
        with condition:
            price[0] += 1
            condition.notify_all()

    run(wait)
    for seconds in (1, 2, 3):
        stage.at(seconds, quote)


def semaphores_and_barriers(stage):
    semaphore, barrier = threading.BoundedSemaphore(2), threading.Barrier(3)

    def work(name):
        with semaphore:
            time.sleep(1)
        stage.note(name)
        barrier.wait(timeout=10)
        stage.note("past")

    run(*(partial(work, name) for name in "abc"))
    time.sleep(20)
    try:
        barrier.wait(timeout=1)
    except threading.BrokenBarrierError:
        stage.note("broken")


def pools(stage):
    def work(seconds):
        time.sleep(seconds)
        return seconds

    with ThreadPoolExecutor(3) as pool:
        stage.note(list(pool.map(work, [3, 1, 2])))
        stage.note([future.result() for future in as_completed([pool.submit(work, s) for s in (3, 1, 2, 1)])])
        try:
            pool.submit(work, 9).result(timeout=2)
        except TimeoutError:
            stage.note("late")


def joins(stage):
    (thread,) = run(partial(time.sleep, 100))
    thread.join(timeout=40)
    stage.note(thread.is_alive())
    thread.join()
    stage.note(thread.is_alive())
    stage.note(thread in threading.enumerate())


def identity(stage):
    stage.note(threading.current_thread() is threading.main_thread())
    stage.at(1, lambda: stage.note(threading.current_thread().name))
    stage.at(1, lambda: stage.note(threading.current_thread() is threading.main_thread()))
    idents = {threading.get_ident()}

    def add():
        idents.add(threading.get_ident())
        assert threading.get_ident() == threading.current_thread().ident
        assert threading.current_thread().native_id > 0

    for thread in run(add, add, add):
        thread.join()
    stage.at(2, lambda: idents.add(threading.get_ident()))
    stage.at(3, lambda: stage.note(len(idents)))


def thread_locals(stage):
    mine = threading.local()
    context = contextvars.ContextVar("context", default="none")

    def work(name):
        mine.name = name
        context.set(name)
        time.sleep(1)
        stage.note([mine.name, context.get()])

    for thread in run(partial(work, "a"), partial(work, "b")):
        thread.join()
    stage.note([hasattr(mine, "name"), context.get()])


def uncaught(stage):
    former = threading.excepthook
    threading.excepthook = lambda args: stage.note([args.exc_type.__name__, args.thread.name])
    thread = threading.Thread(target=lambda: 1 / 0, name="divider")
    thread.start()
    thread.join()
    threading.excepthook = former


def asyncio_program(stage):
    async def blink(name, seconds):
        await asyncio.sleep(seconds)
        stage.note(name)
        return name

    async def everything():
        stage.note(await asyncio.gather(blink("a", 2), blink("b", 1)))
        stage.note(await asyncio.to_thread(lambda: (time.sleep(5), "thread")[1]))
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 3)
        except TimeoutError:
            stage.note("timed out")
        loop = asyncio.get_running_loop()
        stage.note(await loop.run_in_executor(None, lambda: (time.sleep(1), 7)[1]))
        future = loop.create_future()
        run(lambda: (time.sleep(4), loop.call_soon_threadsafe(future.set_result, "from outside")))
        stage.note(await future)
        loop.call_later(1, stage.note, "later")
        await asyncio.sleep(2)

    asyncio.run(everything())
    stage.note("over")


def asyncio_loops_side_by_side(stage):
    async def count(name, seconds):
        for _ in range(3):
            await asyncio.sleep(seconds)
            stage.note(name)
            time.sleep(0.5)  # holds its own loop up, and no other
            assert asyncio.get_running_loop() is loops[name]

    loops = {}

    def serve(name, seconds):
        loops[name] = asyncio.new_event_loop()
        loops[name].run_until_complete(count(name, seconds))
        loops[name].close()

    run(partial(serve, "a", 2), partial(serve, "b", 3))
    loop = asyncio.new_event_loop()
    (thread,) = run(loop.run_forever)

    async def answer():
        await asyncio.sleep(1)
        return 42

    stage.note(asyncio.run_coroutine_threadsafe(answer(), loop).result(timeout=5))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def asyncio_the_old_way(stage):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    stage.note(asyncio.get_event_loop().run_until_complete(asyncio.sleep(3, "slept")))
    run(lambda: stage.note(has_loop()))
    time.sleep(1)
    loop.close()
    asyncio.set_event_loop(None)


def has_loop():
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        return False
    return True


def asyncio_without_network(stage):
    async def connect():
        try:
            await asyncio.open_connection("127.0.0.1", 9)
        except OSError as error:
            stage.note(str(error)[-9:])

    asyncio.run(connect())


def sched_module(stage):
    scheduler = sched.scheduler()
    for seconds in (3, 1, 2):
        scheduler.enter(seconds, 1, stage.note, [seconds])
    scheduler.run()


def clocks(stage):
    began = time.time(), time.monotonic(), time.perf_counter(), time.monotonic_ns()
    time.sleep(3600)
    stage.note(time.time_ns() == round(time.time() * 10**9) == time.clock_gettime_ns(time.CLOCK_REALTIME))
    stage.note([time.time() - began[0], time.monotonic() - began[1], time.perf_counter() - began[2]])
    stage.note(time.monotonic_ns() - began[3])
    now = time.time()
    stage.note(time.localtime() == time.localtime(now) and time.gmtime() == time.gmtime(now))
    stage.note(time.ctime() == time.ctime(now) and time.asctime() == time.asctime(time.localtime(now)))
    stage.note(time.strftime("%Y-%m-%d %H:%M:%S") == datetime.now().strftime("%Y-%m-%d %H:%M:%S"))
    stage.note(time.strftime("%H", time.gmtime(0)))


def datetimes(stage):
    time.sleep(0.123456)
    moment = datetime.now(datetime_module.UTC)
    stage.note(moment.microsecond)
    stage.note(abs(moment.timestamp() - time.time()) < 1e-6)
    stage.note(datetime.now() == datetime.today() == datetime.fromtimestamp(moment.timestamp()))
    stage.note(datetime.utcnow() == moment.replace(tzinfo=None))
    stage.note(date.today() == moment.astimezone().date())
    stage.note([type(moment) is datetime, datetime is datetime_module.datetime, isinstance(moment, date)])
    stage.note([type(moment + timedelta(1)) is datetime, (moment - moment) == timedelta(0)])
    stage.note([pickle.loads(pickle.dumps(moment)) == moment, copy.deepcopy(moment) == moment])

    class Stamp(datetime):
        pass

    stage.note([type(Stamp.now()) is Stamp, isinstance(moment, Stamp)])


def bound_early(stage):
    stage.early_sleep(5)
    stage.note("slept")


def polling_without_sleep(stage):
    quotes = []
    stage.at(0.5, lambda: quotes.append(1))
    stage.at(0.7, lambda: quotes.append(2))
    while not quotes:
        time.sleep(0)
    stage.note(len(quotes))

    async def poll():
        while len(quotes) < 2:
            await asyncio.sleep(0)

    asyncio.run(poll())
    stage.note(len(quotes))


def callbacks_that_block(stage):
    done = threading.Event()
    stage.at(1, lambda: (stage.note("first"), time.sleep(10), stage.note("first over")))
    stage.at(2, lambda: stage.note("second, late"))
    stage.at(3, lambda: (done.wait(), stage.note("third")))
    stage.at(30, lambda: stage.note("on time again"))
    time.sleep(5)
    stage.note("meanwhile")
    time.sleep(15)
    done.set()


def callback_that_waits_for_ever(stage):
    stage.at(1, threading.Event().wait)
    stage.at(2, lambda: stage.note("and on"))


def logging_handler_that_sleeps(stage):
    class Slow(logging.Handler):
        def emit(self, record):
            time.sleep(1)
            stage.note(record.getMessage())

    logger = logging.getLogger("slow")
    logger.propagate = False
    logger.addHandler(Slow())
    run(partial(logger.error, "a"), partial(logger.error, "b"))


def another_program_takes_no_time(stage):
    out = subprocess.run([sys.executable, "-c", "print('hello')"], capture_output=True, text=True, timeout=30)
    stage.note(out.stdout.strip())


def durations(stage):
    for seconds in (0.1, 0.3, 1.1, 1e-9, 1e-12, 2):
        before_ns = time.time_ns()
        time.sleep(seconds)
        stage.note(time.time_ns() - before_ns)
    for call in (lambda: time.sleep(-1), lambda: threading.Lock().acquire(timeout=-2), threading.Lock().release):
        try:
            call()
        except (ValueError, RuntimeError) as error:
            stage.note(str(error))


def pandas_clock(stage):
    import pandas

    stage.note(pandas.Timestamp.now("UTC").isoformat() == datetime.now(datetime_module.UTC).isoformat())
    stage.note([isinstance(pandas.Timestamp.now(), datetime), type(pandas.Timestamp(0).to_pydatetime()) is datetime])


CASES = [
    name
    for name, value in list(globals().items())
    if isinstance(value, FunctionType) and value.__code__.co_varnames[:1] == ("stage",) and name != "pandas_clock"
]
