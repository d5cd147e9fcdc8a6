"""Threads of native text: blocks of rows of large matrices are split into parts, each of which one thread makes.

How the parts are cut depends on sizes alone, and sums over all rows are made of the parts' sums in their order, so that every
number of threads gives the same bits. Whoever is free takes the next part: a thread that has no processor keeps nobody waiting.
Threads begin with a call and end with it: none is there when a process forks, and an interrupt finds what it would find of one
thread. What is not by rows is done by the first while the others wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

PARTS = 8
"""Into how many parts rows are cut: as many threads have work at most."""
MUCH = 2**21
"""Numbers of matrices times streams of one group of lines from which on its rows are split."""
WORTH = 2**23
"""Of a call, by its steps: some milliseconds, which make up for beginning threads."""
MANY = 2**13
"""Numbers of a sum over the rows from which on the parts of it are added up by all threads."""

FUNCTIONS = r"""
#ifndef _WIN32
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#endif
#if defined(__x86_64__) || defined(__i386__)
#define PAUSE __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE __asm__ volatile("yield")
#else
#define PAUSE (void)0
#endif
enum { PARTS = @PARTS, SPINS = 2000, YIELDS = 200 };

struct crew {
    const struct run *run;
    void (*body)(const struct run *, struct crew *, int64_t);
    int64_t open __attribute__((aligned(64)));  // 256 times the loop that is open (they are counted), and its next part
    int64_t made __attribute__((aligned(64)));  // parts of it that are made
};
struct hand { struct crew *crew; int64_t me; };

// Waiting: some ten microseconds or more by looking again, then by letting others run.
INLINE void linger(int64_t times) {
#ifndef _WIN32
    if (times >= SPINS + YIELDS) { nanosleep(&(struct timespec){0, 50000}, NULL); return; }
    if (times >= SPINS) { sched_yield(); return; }
#endif
    PAUSE;
}
// The next part of a loop for whoever asks; `PARTS` where none is left. Who comes late to a loop finds it closed and goes on.
APART int64_t take_part(struct crew *crew, int64_t turn) {
    int64_t seen = __atomic_load_n(&crew->open, __ATOMIC_ACQUIRE);
    for (int64_t times = 0;; ) {
        if (seen >> 8 < turn) { linger(times++); seen = __atomic_load_n(&crew->open, __ATOMIC_ACQUIRE); continue; }
        if (seen >> 8 > turn || (seen & 255) >= PARTS) return PARTS;
        if (__atomic_compare_exchange_n(&crew->open, &seen, seen + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return seen & 255;
    }
}
INLINE void open_parts(struct crew *crew, int64_t turn) {
    __atomic_store_n(&crew->made, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&crew->open, turn << 8, __ATOMIC_RELEASE);
}
INLINE void part_is_made(struct crew *crew) { __atomic_add_fetch(&crew->made, 1, __ATOMIC_RELEASE); }
APART void all_are_made(struct crew *crew) {
    for (int64_t times = 0; __atomic_load_n(&crew->made, __ATOMIC_ACQUIRE) < PARTS; times++) linger(times);
}
#ifdef _WIN32
static void run_crew(const struct run *r, int64_t pays, void (*body)(const struct run *, struct crew *, int64_t)) {
    struct crew crew = {r, body, 0, 0};
    body(r, &crew, 0);
}
#else
static void *lend_hand(void *given) {
    const struct hand *hand = given;
    hand->crew->body(hand->crew->run, hand->crew, hand->me);
    return NULL;
}
// Where the system has no more threads to give, with those that there are. Signals are for the caller's thread.
static void run_crew(const struct run *r, int64_t pays, void (*body)(const struct run *, struct crew *, int64_t)) {
    struct crew crew = {r, body, 0, 0};
    struct hand hands[PARTS];
    pthread_t threads[PARTS];
    int64_t count = 1;
    if (pays && r->threads > 1) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        for (; count < r->threads && count < PARTS; count++) {
            hands[count] = (struct hand){&crew, count};
            if (pthread_create(&threads[count], NULL, lend_hand, &hands[count])) break;
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    body(r, &crew, 0);
    for (int64_t k = 1; k < count; k++) pthread_join(threads[k], NULL);
}
#endif
// Of the entries that are `part`'s the sums of all parts' sums, in their order.
APART void add_parts(int64_t part, int64_t of, int64_t numbers, T *restrict to, const T *restrict parts) {
    for (int64_t i = numbers * part / of; i < numbers * (part + 1) / of; i++) {
        T sum = parts[i];
        for (int64_t k = 1; k < PARTS; k++) sum += parts[k * numbers + i];
        to[i] = sum;
    }
}
""".replace("@PARTS", str(PARTS))


@dataclass(frozen=True)
class Summed:
    """A sum over the rows: where it is wanted, where the parts' are, and how many numbers it has."""

    target: str
    parts: str
    numbers: int


def block_end(few: int, rows: int) -> str:
    """Where a block of ``few`` rows ends that begins at ``lo``."""
    return f"const int64_t hi = lo + {few} < {rows} ? lo + {few} : {rows};"


def split(
    rows: int, few: int, summed: Sequence[Summed], loop: Callable[[str, str, int, int], list[str]], body: Sequence[str]
) -> Iterator[str]:
    """A loop over blocks of rows, as ``loop`` has it, by all threads; what stands before and behind is the first's alone."""
    blocks = -(-rows // few)
    first, last = (f"{blocks} * {part} / PARTS * {few}" for part in ("part", "(part + 1)"))
    clearing = [f"memset({each.parts} + part * {each.numbers}, 0, {each.numbers} * sizeof(T));" for each in summed]
    yield from _shared([*clearing, *loop(first, last, few, rows), *body, "}"])
    for each in summed:
        handed = f"{each.numbers}, {each.target}, {each.parts}"
        if each.numbers < MANY:
            yield f"add_parts(0, 1, {handed});"
        else:
            yield from _shared([f"add_parts(part, PARTS, {handed});"])


def _shared(body: Sequence[str]) -> Iterator[str]:
    yield from ("}", "turn++;", "if (!me) open_parts(crew, turn);")
    yield "for (int64_t part; (part = take_part(crew, turn)) < PARTS; part_is_made(crew)) {"
    yield from body
    yield from ("}", "if (!me) {", "all_are_made(crew);")
