// The recurrent network with the moves of W and its costate held back; batch 1, order semi-implicit or sequential.
//
// A step moves w <- a w + t g, W <- W + r w with g = q h', which are kept as vectors. After j steps, of the matrices W0 and w0
// that were last written and the j vectors, with S(j) = 1 + a + ... + a^(j-1):
//     w = a^j w0 + sum_k t a^(m_k) g_k,      W = W0 + r a S(j) w0 + sum_k r t S(m_k + 1) g_k,
// m_k being the steps since k, 0 for the last. Products of W are those of W0 and w0, and two numbers for each k.
// Where a^left is below round-off, w is but the last `left` vectors and w0 is not read: they are kept when the others are written.
//
// It stands below the fixed part of native text (hdsl/emit/native_functions.py): T, V, load, store, r_tanh, row_dots, row_sums.

struct held {
    int64_t n, m, d, most, left, count, live, sequential;  // live: w0 is not nothing
    double tau, keep, rate;
    T *W, *w, *U, *wU, *b, *wb, *C, *wC, *h, *z;
    T *Q, *H;         // (most, n): the vectors kept, the oldest first
    T *products;      // (most,): of each of H with h, in sequential order
    T *rest;          // room: 8 n + 4 most
    double *powers;   // (most + 2,): a^m, S(m)
    double *sums;
};

INLINE double in_W(const struct held *s, int64_t k) { return s->rate * s->tau * s->sums[s->count - k]; }
INLINE double in_w(const struct held *s, int64_t k) { return s->tau * s->powers[s->count - 1 - k]; }
INLINE T share_of_w(const struct held *s) { return (T)(s->rate * s->keep * s->sums[s->count]); }

// y = W0 x and, apart from it, y2 = w0 x.
static void stored_products(const struct held *s, int64_t lo, int64_t rows, const T *x, T *y, T *y2) {
    row_dots(1, rows, s->n, s->W + lo * s->n, x, 0, y + lo, 0, 1);
    if (s->live) row_dots(1, rows, s->n, s->w + lo * s->n, x, 0, y2 + lo, 0, 1);
}

// What the vectors kept add: to[i] += sum over k of weight_k (side_k . x) other_k[i]; `dots` holds side_k . x.
static void add_kept(const struct held *s, const T *dots, const T *other, T *to, T *weighted) {
    for (int64_t k = 0; k < s->count; k++) weighted[k] = (T)in_W(s, k) * dots[k];
    row_sums(1, s->count, s->n, other, weighted, 0, to, 0, 1);
}

// A tile of R rows and two vectors: W takes the first `past` of the vectors kept, and w all of them where BOTH.
#define TILE(R, BOTH)                                                                                           \
    for (int64_t j = 0; j < even; j += 2 * LANES) {                                                             \
        V one[R][2], two[R][2];                                                                                 \
        for (int p = 0; p < R; p++) for (int l = 0; l < 2; l++) {                                               \
            one[p][l] = load(s->W + (i + p) * n + j + l * LANES);                                               \
            two[p][l] = (V){0};                                                                                 \
            if (s->live) {                                                                                      \
                const V old = load(s->w + (i + p) * n + j + l * LANES);                                         \
                one[p][l] += old * share;                                                                       \
                if (BOTH) two[p][l] = old * decayed;                                                            \
            }                                                                                                   \
        }                                                                                                       \
        for (int64_t k = 0; k < past; k++) for (int l = 0; l < 2; l++) {                                        \
            const V own = load(s->H + k * n + j + l * LANES);                                                   \
            for (int p = 0; p < R; p++) {                                                                       \
                one[p][l] += own * q_W[k * R + p];                                                              \
                if (BOTH) two[p][l] += own * q_w[k * R + p];                                                    \
            }                                                                                                   \
        }                                                                                                       \
        for (int p = 0; p < R; p++) for (int l = 0; l < 2; l++) {                                               \
            store(s->W + (i + p) * n + j + l * LANES, one[p][l]);                                               \
            if (BOTH) store(s->w + (i + p) * n + j + l * LANES, two[p][l]);                                     \
        }                                                                                                       \
    }
#define BLOCK(R, BOTH)                                                                                          \
    {                                                                                                           \
        for (int64_t k = 0; k < past; k++) for (int p = 0; p < R; p++) {                                        \
            q_W[k * R + p] = (T)in_W(s, k) * s->Q[k * n + i + p];                                               \
            q_w[k * R + p] = (T)in_w(s, k) * s->Q[k * n + i + p];                                               \
        }                                                                                                       \
        TILE(R, BOTH)                                                                                           \
        for (int p = 0; p < R; p++) for (int64_t j = even; j < n; j++) {                                        \
            T *W = s->W + (i + p) * n + j, *w = s->w + (i + p) * n + j, one = *W, two = 0;                      \
            if (s->live) one += *w * share, two = *w * decayed;                                                 \
            for (int64_t k = 0; k < past; k++) {                                                                \
                one += s->H[k * n + j] * q_W[k * R + p];                                                        \
                two += s->H[k * n + j] * q_w[k * R + p];                                                        \
            }                                                                                                   \
            *W = one;                                                                                           \
            if (BOTH) *w = two;                                                                                 \
        }                                                                                                       \
    }

// Writes all but the last `left` vectors into the matrices. w0 is written with left = 0, and else is nothing from here on.
static void write_back(struct held *s, int64_t left) {
    const int64_t n = s->n, past = s->count - left, even = n / (2 * LANES) * (2 * LANES);
    const T share = share_of_w(s), decayed = (T)s->powers[s->count];
    T *const y = s->rest, *const y2 = y + n, *const q_W = malloc(sizeof(T) * 16 * (past + 1)), *const q_w = q_W + 8 * past;
    const int64_t live_after = left == 0;
    int64_t i = 0;
    for (; i < n; ) {
        int64_t rows = 1;
        if (left == 0 && i + 4 <= n) { rows = 4; BLOCK(4, 1) }
        else if (left && i + 8 <= n) { rows = 8; BLOCK(8, 0) }
        else if (left == 0) BLOCK(1, 1)
        else BLOCK(1, 0)
        if (s->sequential) {  // the rows are in the cache, and the next step wants their products
            row_dots(1, rows, n, s->W + i * n, s->h, 0, y + i, 0, 1);
            if (live_after) row_dots(1, rows, n, s->w + i * n, s->h, 0, y2 + i, 0, 1);
        }
        i += rows;
    }
    free(q_W);
    memmove(s->Q, s->Q + past * n, left * n * sizeof(T));
    memmove(s->H, s->H + past * n, left * n * sizeof(T));
    memmove(s->products, s->products + past, left * sizeof(T));
    s->count = left;
    s->live = live_after;
}

// Small parameters move at once.
static void move(int64_t rows, int64_t n, T *P, T *w, const T *q, const T *x, T t, T a, T r) {
    for (int64_t i = 0; i < rows; i++)
        EVERY for (int64_t j = 0; j < n; j++) {
            const T now = t * (q[i] * x[j]) + a * w[i * n + j];
            w[i * n + j] = now;
            P[i * n + j] += r * now;
        }
}

SEEN void settle(struct held *s) { write_back(s, 0); }

SEEN void begin(struct held *s) {
    s->powers[0] = 1, s->sums[0] = 0;
    for (int64_t k = 0; k <= s->most; k++) s->powers[k + 1] = s->keep * s->powers[k], s->sums[k + 1] = 1 + s->keep * s->sums[k];
    if (s->sequential) stored_products(s, 0, s->n, s->h, s->rest, s->rest + s->n);
}

SEEN void advance(struct held *s, int64_t steps, const T *u, const T *v, T *y_out, T *costs) {
    const int64_t n = s->n, m = s->m, d = s->d;
    T *const p = s->rest, *const p2 = p + n, *const drive = p2 + n, *const h_new = drive + n, *const q = h_new + n;
    T *const back = q + n, *const slope = back + n, *const fixed = slope + n, *const e = malloc(d * sizeof(T));
    T *const dots = fixed + n, *const weighted = dots + s->most, *const dots_q = weighted + s->most;
    const T tau = (T)s->tau, keep = (T)s->keep, rate = (T)s->rate, keep_z = (T)(s->keep - s->tau);
    const T *const at = s->sequential ? h_new : s->h;  // where the costate takes its slopes
    T *const H_at = s->sequential ? s->products : dots;
    for (int64_t step = 0; step < steps; step++, u += m, v += d, y_out += d) {
        const T share = share_of_w(s);
        for (int64_t i = 0; i < n; i++) fixed[i] = s->b[i];
        row_dots(1, n, m, s->U, u, 0, drive, 0, 1);
        EVERY for (int64_t i = 0; i < n; i++) fixed[i] += drive[i];
        if (s->sequential) {  // W h: the matrices met h in the step before
            memcpy(drive, fixed, n * sizeof(T));
            add_kept(s, s->products, s->Q, drive, weighted);
            EVERY for (int64_t i = 0; i < n; i++) {
                const T x = r_tanh(p[i] + (s->live ? share * p2[i] : 0) + drive[i]);
                slope[i] = 1 - x * x;
                h_new[i] = s->h[i] + tau * (x - s->h[i]);
            }
        }
        row_dots(1, d, n, s->C, at, 0, y_out, 0, 1);
        T cost = 0;
        for (int64_t i = 0; i < d; i++) e[i] = y_out[i] - v[i], cost += e[i] * e[i];
        costs[step] = (T)0.5 * cost;
        row_dots(1, s->count, n, s->H, at, 0, H_at, 0, 1);
        memcpy(drive, fixed, n * sizeof(T));
        add_kept(s, H_at, s->Q, drive, weighted);
        memset(back, 0, n * sizeof(T));
        const int64_t few = s->live ? 4 : 8;
        for (int64_t lo = 0; lo < n; lo += few) {  // the one pass over what is stored
            const int64_t hi = lo + few < n ? lo + few : n;
            stored_products(s, lo, hi - lo, at, p, p2);
            EVERY for (int64_t i = lo; i < hi; i++) {
                const T x = r_tanh(p[i] + (s->live ? share * p2[i] : 0) + drive[i]), s_ = 1 - x * x;
                q[i] = s_ * s->z[i];
                if (!s->sequential) slope[i] = s_, h_new[i] = s->h[i] + tau * (x - s->h[i]);
            }
            row_sums(1, hi - lo, n, s->W + lo * n, q + lo, 0, back, 0, 1);
            if (s->live) row_sums(1, hi - lo, n, s->w + lo * n, q + lo, 0, back, 0, share);
        }
        row_dots(1, s->count, n, s->Q, q, 0, dots_q, 0, 1);
        add_kept(s, dots_q, s->H, back, weighted);
        row_sums(1, d, n, s->C, e, 0, back, 0, 1);
        EVERY for (int64_t i = 0; i < n; i++) {
            s->z[i] = keep_z * s->z[i] + tau * back[i];
            if (s->sequential) q[i] = slope[i] * s->z[i];
        }
        move(n, m, s->U, s->wU, q, u, tau, keep, rate);
        EVERY for (int64_t i = 0; i < n; i++) {
            s->wb[i] = tau * q[i] + keep * s->wb[i];
            s->b[i] += rate * s->wb[i];
        }
        move(d, n, s->C, s->wC, e, at, tau, keep, rate);
        memcpy(s->Q + s->count * n, q, n * sizeof(T));
        memcpy(s->H + s->count * n, s->h, n * sizeof(T));
        if (s->sequential) row_dots(1, 1, n, s->h, h_new, 0, s->products + s->count, 0, 1);
        memcpy(s->h, h_new, n * sizeof(T));
        if (++s->count == s->most) write_back(s, s->left);
    }
    free(e);
}
