"""The fixed part of a native text that holds moves back: products of what is stored, with what is kept, and its writing."""

HELD = r"""
#define EPSILON (sizeof(T) == 4 ? 0x1p-23 : 0x1p-52)
#if VECTOR == 64
#define TALL 8  // rows of a tile of one matrix; of two, half of them
#else
#define TALL 4
#endif

// A matrix W and its costate w. A step makes W <- W + rate w + own[0] g, w <- keep w + own[1] g with g = q h' of vectors that
// are kept. After j steps w is keep^j w0 of what was last written and keep^m own[1] g of each g, m being the steps since, and W
// is W0 + share(j) w0 and (own[0] + share(m) own[1]) g of each, where share(j) = rate (1 + keep + ... + keep^(j-1)).
struct held {
    int64_t rows, columns;
    int64_t count, most, left;  // vectors kept, at most, and of these when the others are written: w then lives in them alone
    int64_t live, carried;      // whether w0 is not nothing; whether `carry` is there
    int64_t past, was, writes;  // of a step that writes: how many vectors; what `live` was; 1 in the pass that does it, then 2
    double rate, keep, own[2];
    double (*after)[4];         // (most + 1,): share, keep^j, and what W and w have of a g
    T *W, *w, *Q, *H;           // Q (most + 1, rows) and H (most + 1, columns), the oldest first
    T *dots, *weighted, *second;
    T *carry, *carry2, *carried_dots;  // of W0, w0 and H with what the next step begins with
};
enum { STATE = 3, AT_A_TIME = 64 };  // numbers that go from one call to the next; vectors that a tile takes

INLINE double held_age(const struct held *s, int64_t k, int of) { return s->after[s->count - 1 - k][2 + of]; }
INLINE T held_share(const struct held *s) { return (T)s->after[s->count - s->past][0]; }

// For how many steps decay leaves a trace of what w had; 0 where it lives longer than there is room for.
INLINE int64_t held_left(const struct held *s, int64_t room) {
    const double keep = fabs(s->keep);
    if (!(keep < 1)) return 0;
    const double steps = keep > 0 ? ceil(log(EPSILON / 2) / log(keep)) : 1;
    return steps <= room ? (steps < 1 ? 1 : (int64_t)steps) : 0;
}
APART void held_begin(struct held *s, const int64_t *state, int64_t room) {
    s->left = held_left(s, room);
    s->most = s->left + s->most;
    double share = 0, decayed = 1;
    for (int64_t j = 0; j <= s->most; j++) {
        const double all[4] = {share, decayed, s->own[0] + share * s->own[1], decayed * s->own[1]};
        memcpy(s->after[j], all, sizeof all);
        share += s->rate * decayed, decayed *= s->keep;
    }
    s->count = state[0], s->live = state[1], s->carried = state[2];
    if (s->live < 0) {  // the first call of a run
        s->live = 0;
        for (int64_t i = 0; i < s->rows * s->columns && !s->live; i++) s->live = s->w[i] != 0;
    }
}
INLINE void held_leave(const struct held *s, int64_t *state) { state[0] = s->count, state[1] = s->live, state[2] = s->carried; }

// Before a pass over the rows: where as many vectors are kept as may be, it writes all but the last `left` into W on its way.
// Where these stand for w, w0 goes into W as soon as there are so many, and is nothing from there on.
APART void held_open(struct held *s) {
    if (s->writes) { s->writes = 2; return; }
    if (s->count < (s->live && s->left ? s->left : s->most)) return;
    s->past = s->count - s->left, s->was = s->live, s->writes = 1;
    s->live = s->left == 0, s->carried = 0;
}
// What the vectors kept add to W x, before the pass over W0; `carries`: 1 takes what the step before left, 2 leaves it.
APART void held_before(const struct held *s, const T *x, T *kept, int carries) {
    const int64_t count = s->count - s->past;
    const int there = carries == 1 && s->carried;
    T *const dots = carries == 2 || there ? s->carried_dots : s->dots;
    if (!there) row_dots(1, count, s->columns, s->H + s->past * s->columns, x, 0, dots, 0, 1);
    for (int64_t k = 0; k < count; k++) s->weighted[k] = (T)held_age(s, s->past + k, 0) * dots[k];
    memset(kept, 0, s->rows * sizeof(T));
    row_sums(1, count, s->rows, s->Q + s->past * s->rows, s->weighted, 0, kept, 0, 1);
}
// y = scale W x for rows of a block.
APART void held_rows(const struct held *s, int64_t lo, int64_t hi, const T *x, const T *kept, T *y, T scale, int carries) {
    const T share = held_share(s);
    const int there = carries == 1 && s->carried;
    T *const one = carries ? s->carry : y, *const two = carries ? s->carry2 : s->second;
    if (!there) row_dots(1, hi - lo, s->columns, s->W + lo * s->columns, x, 0, one + lo, 0, 1);
    if (!there && s->live) row_dots(1, hi - lo, s->columns, s->w + lo * s->columns, x, 0, two + lo, 0, 1);
    if (s->live) {
        EVERY for (int64_t i = lo; i < hi; i++) y[i] = scale * (one[i] + share * two[i] + kept[i]);
    } else {
        EVERY for (int64_t i = lo; i < hi; i++) y[i] = scale * (one[i] + kept[i]);
    }
}
// c += scale W' q for rows of a block of what is stored; and, once all of q is there, of the vectors kept.
APART void held_sums(const struct held *s, int64_t lo, int64_t hi, const T *q, T *c, T scale) {
    const int64_t n = s->columns;
    row_sums(1, hi - lo, n, s->W + lo * n, q + lo, 0, c, 0, scale);
    if (s->live) row_sums(1, hi - lo, n, s->w + lo * n, q + lo, 0, c, 0, scale * held_share(s));
}
APART void held_after(const struct held *s, const T *q, T *c, T scale) {
    const int64_t count = s->count - s->past;
    row_dots(1, count, s->rows, s->Q + s->past * s->rows, q, 0, s->dots, 0, 1);
    for (int64_t k = 0; k < count; k++) s->weighted[k] = (T)held_age(s, s->past + k, 0) * s->dots[k];
    row_sums(1, count, s->columns, s->H + s->past * s->columns, s->weighted, 0, c, 0, scale);
}

// R rows from i on and the vectors k to `to`, of each tile two vectors of numbers: W takes these, and w where BOTH.
#define HELD_TILE(R, BOTH)                                                                                      \
    for (int64_t j = 0; j < even; j += 2 * LANES) {                                                             \
        V one[R][2], two[R][2];                                                                                 \
        for (int p = 0; p < R; p++) for (int l = 0; l < 2; l++) {                                               \
            const V old = load(s->W + (i + p) * n + j + l * LANES);                                             \
            one[p][l] = old, two[p][l] = (V){0};                                                                \
            if (live || (BOTH && k)) {                                                                          \
                const V costate = load(s->w + (i + p) * n + j + l * LANES);                                     \
                if (live) one[p][l] = old + costate * share;                                                    \
                if (BOTH) two[p][l] = live ? costate * decayed : costate;                                       \
            }                                                                                                   \
        }                                                                                                       \
        for (int64_t m = k; m < to; m++) for (int l = 0; l < 2; l++) {                                          \
            const V own = load(s->H + m * n + j + l * LANES);                                                   \
            for (int p = 0; p < R; p++) {                                                                       \
                one[p][l] += own * of_W[(m - k) * R + p];                                                       \
                if (BOTH) two[p][l] += own * of_w[(m - k) * R + p];                                             \
            }                                                                                                   \
        }                                                                                                       \
        for (int p = 0; p < R; p++) for (int l = 0; l < 2; l++) {                                               \
            store(s->W + (i + p) * n + j + l * LANES, one[p][l]);                                               \
            if (BOTH) store(s->w + (i + p) * n + j + l * LANES, two[p][l]);                                     \
        }                                                                                                       \
    }
#define HELD_BLOCK(R, BOTH)                                                                                     \
    {                                                                                                           \
        for (int64_t m = k; m < to; m++) for (int p = 0; p < R; p++) {                                          \
            of_W[(m - k) * R + p] = (T)held_age(s, m, 0) * s->Q[m * s->rows + i + p];                           \
            if (BOTH) of_w[(m - k) * R + p] = (T)held_age(s, m, 1) * s->Q[m * s->rows + i + p];                 \
        }                                                                                                       \
        HELD_TILE(R, BOTH)                                                                                      \
        for (int p = 0; p < R; p++) for (int64_t j = even; j < n; j++) {                                        \
            T *W = s->W + (i + p) * n + j, *w = s->w + (i + p) * n + j, one = *W, two = 0;                      \
            if (BOTH && k) two = *w;                                                                            \
            if (live) one += *w * share, two = *w * decayed;                                                    \
            for (int64_t m = k; m < to; m++) {                                                                  \
                one += s->H[m * n + j] * of_W[(m - k) * R + p];                                                 \
                if (BOTH) two += s->H[m * n + j] * of_w[(m - k) * R + p];                                       \
            }                                                                                                   \
            *W = one;                                                                                           \
            if (BOTH) *w = two;                                                                                 \
        }                                                                                                       \
        i += R;                                                                                                 \
    }

// Writes w0, if it `was`, and the first `past` vectors into rows of W; and into those of w where `both`.
APART void held_write(const struct held *s, int64_t lo, int64_t hi, int64_t past, int was, int both) {
    const int64_t n = s->columns, even = n / (2 * LANES) * (2 * LANES);
    const T share = (T)s->after[s->count][0], decayed = (T)s->after[s->count][1];
    T of_W[TALL * AT_A_TIME], of_w[TALL * AT_A_TIME];
    for (int64_t k = 0; k == 0 || k < past; k += AT_A_TIME) {
        const int64_t to = k + AT_A_TIME < past ? k + AT_A_TIME : past;
        const int live = was && !k;
        int64_t i = lo;
        if (both) {
            while (i + TALL / 2 <= hi) HELD_BLOCK(TALL / 2, 1)
            while (i < hi) HELD_BLOCK(1, 1)
        } else {
            while (i + TALL <= hi) HELD_BLOCK(TALL, 0)
            while (i < hi) HELD_BLOCK(1, 0)
        }
    }
}
// Rows of W as a pass is to read them.
INLINE void held_fresh(const struct held *s, int64_t lo, int64_t hi) {
    if (s->writes == 1) held_write(s, lo, hi, s->past, s->was != 0, s->left == 0);
}
// The end of a step, whose q and h have been put behind the others; `x` is what the next step begins with, where it is carried.
APART void held_step(struct held *s, const T *x) {
    const int64_t count = s->count - s->past;
    if (x) row_dots(1, 1, s->columns, s->H + s->count * s->columns, x, 0, s->carried_dots + count, 0, 1);
    s->carried = x != NULL;
    if (s->past) {
        memmove(s->Q, s->Q + s->past * s->rows, (count + 1) * s->rows * sizeof(T));
        memmove(s->H, s->H + s->past * s->columns, (count + 1) * s->columns * sizeof(T));
    }
    s->count = count + 1, s->past = 0, s->writes = 0;
}
// The end of a run: everything is written.
APART void held_end(struct held *s, int64_t lo, int64_t hi) { held_write(s, lo, hi, s->count, s->live != 0, 1); }
"""
