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
    double rate, keep, own[2];
    double (*after)[4];         // (most + 1,): share, keep^j, and what W and w have of a g
    T *W, *w, *Q, *H;           // Q (most, rows) and H (most, columns), the oldest first
    T *dots, *weighted, *scaled, *second;
    T *carry, *carry2, *carried_dots;  // of W0, w0 and H with what the next step begins with
};
enum { STATE = 3 };  // numbers of `struct held` that go from one call to the next

INLINE double held_age(const struct held *s, int64_t k, int of) { return s->after[s->count - 1 - k][2 + of]; }

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

// What the vectors kept add to W x, before the pass over W0; `carries`: 1 takes what the step before left, 2 leaves it.
APART void held_before(const struct held *s, const T *x, T *kept, int carries) {
    const int there = carries == 1 && s->carried;
    T *const dots = carries == 2 || there ? s->carried_dots : s->dots;
    if (!there) row_dots(1, s->count, s->columns, s->H, x, 0, dots, 0, 1);
    for (int64_t k = 0; k < s->count; k++) s->weighted[k] = (T)held_age(s, k, 0) * dots[k];
    memset(kept, 0, s->rows * sizeof(T));
    row_sums(1, s->count, s->rows, s->Q, s->weighted, 0, kept, 0, 1);
}
// y = scale W x for rows of a block.
APART void held_rows(const struct held *s, int64_t lo, int64_t hi, const T *x, const T *kept, T *y, T scale, int carries) {
    const T share = (T)s->after[s->count][0];
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
    if (s->live) row_sums(1, hi - lo, n, s->w + lo * n, q + lo, 0, c, 0, scale * (T)s->after[s->count][0]);
}
APART void held_after(const struct held *s, const T *q, T *c, T scale) {
    row_dots(1, s->count, s->rows, s->Q, q, 0, s->dots, 0, 1);
    for (int64_t k = 0; k < s->count; k++) s->weighted[k] = (T)held_age(s, k, 0) * s->dots[k];
    row_sums(1, s->count, s->columns, s->H, s->weighted, 0, c, 0, scale);
}

// A tile of R rows and two vectors: W takes the first `past` of the vectors kept, and w all of them where BOTH.
#define HELD_TILE(R, BOTH)                                                                                      \
    for (int64_t j = 0; j < even; j += 2 * LANES) {                                                             \
        V one[R][2], two[R][2];                                                                                 \
        for (int p = 0; p < R; p++) for (int l = 0; l < 2; l++) {                                               \
            const V old = load(s->W + (i + p) * n + j + l * LANES);                                             \
            one[p][l] = old, two[p][l] = (V){0};                                                                \
            if (s->live) {                                                                                      \
                const V costate = load(s->w + (i + p) * n + j + l * LANES);                                     \
                one[p][l] = old + costate * share;                                                              \
                if (BOTH) two[p][l] = costate * decayed;                                                        \
            }                                                                                                   \
        }                                                                                                       \
        for (int64_t k = 0; k < past; k++) for (int l = 0; l < 2; l++) {                                        \
            const V own = load(s->H + k * n + j + l * LANES);                                                   \
            for (int p = 0; p < R; p++) {                                                                       \
                one[p][l] += own * of_W[k * R + p];                                                             \
                if (BOTH) two[p][l] += own * of_w[k * R + p];                                                   \
            }                                                                                                   \
        }                                                                                                       \
        for (int p = 0; p < R; p++) for (int l = 0; l < 2; l++) {                                               \
            store(s->W + (i + p) * n + j + l * LANES, one[p][l]);                                               \
            if (BOTH) store(s->w + (i + p) * n + j + l * LANES, two[p][l]);                                     \
        }                                                                                                       \
    }
#define HELD_BLOCK(R, BOTH)                                                                                     \
    {                                                                                                           \
        for (int64_t k = 0; k < past; k++) for (int p = 0; p < R; p++) {                                        \
            of_W[k * R + p] = (T)held_age(s, k, 0) * s->Q[k * s->rows + i + p];                                 \
            if (BOTH) of_w[k * R + p] = (T)held_age(s, k, 1) * s->Q[k * s->rows + i + p];                       \
        }                                                                                                       \
        HELD_TILE(R, BOTH)                                                                                      \
        for (int p = 0; p < R; p++) for (int64_t j = even; j < n; j++) {                                        \
            T *W = s->W + (i + p) * n + j, *w = s->w + (i + p) * n + j, one = *W, two = 0;                      \
            if (s->live) one += *w * share, two = *w * decayed;                                                 \
            for (int64_t k = 0; k < past; k++) {                                                                \
                one += s->H[k * n + j] * of_W[k * R + p];                                                       \
                if (BOTH) two += s->H[k * n + j] * of_w[k * R + p];                                             \
            }                                                                                                   \
            *W = one;                                                                                           \
            if (BOTH) *w = two;                                                                                 \
        }                                                                                                       \
        i += R;                                                                                                 \
    }

// Writes all but the last `left` vectors into the matrices; w0 is written with left = 0, and else is nothing from here on.
APART void held_write(struct held *s, int64_t left) {
    const int64_t n = s->columns, past = s->count - left, even = n / (2 * LANES) * (2 * LANES);
    const T share = (T)s->after[s->count][0], decayed = (T)s->after[s->count][1];
    T *const of_W = s->scaled, *const of_w = of_W + TALL * s->most;
    if (s->carried) {  // what the next step begins with meets the new matrices: no pass is wanted for it
        for (int64_t i = 0; i < s->rows; i++) {
            const T two = s->live ? s->carry2[i] : 0;
            s->carry[i] += share * two;
            s->carry2[i] = decayed * two;
        }
        for (int of = 0; of < (left ? 1 : 2); of++) {
            for (int64_t k = 0; k < past; k++) s->weighted[k] = (T)held_age(s, k, of) * s->carried_dots[k];
            row_sums(1, past, s->rows, s->Q, s->weighted, 0, of ? s->carry2 : s->carry, 0, 1);
        }
        memmove(s->carried_dots, s->carried_dots + past, left * sizeof(T));
    }
    int64_t i = 0;
    if (left) {
        while (i + TALL <= s->rows) HELD_BLOCK(TALL, 0)
        while (i < s->rows) HELD_BLOCK(1, 0)
    } else {
        while (i + TALL / 2 <= s->rows) HELD_BLOCK(TALL / 2, 1)
        while (i < s->rows) HELD_BLOCK(1, 1)
    }
    memmove(s->Q, s->Q + past * s->rows, left * s->rows * sizeof(T));
    memmove(s->H, s->H + past * n, left * n * sizeof(T));
    s->count = left, s->live = left == 0;
}
// The end of a step, whose q and h have been put behind the others; `x` is what the next step begins with, where it is carried.
APART void held_step(struct held *s, const T *x) {
    if (x) row_dots(1, 1, s->columns, s->H + s->count * s->columns, x, 0, s->carried_dots + s->count, 0, 1);
    s->carried = x != NULL;
    if (++s->count == s->most) held_write(s, s->left);
}
"""
