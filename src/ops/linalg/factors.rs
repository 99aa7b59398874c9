//! Factorisations and what is computed by them, as users call them.

use super::super::row::{Meaning, Operation};
use super::least_squares::{build_lstsq, build_pinv};
use super::orthogonal::build_qr;
use super::singular::{build_svd, build_svdvals};
use super::symmetric::{build_eigh, build_eigvalsh};

/// What is said of values that are repeated.
const EIGENVALUES: &str = "those of an eigenvalue that is repeated, to working precision, share their sum equally";
const SINGULAR_VALUES: &str =
    "those of a singular value that is repeated, to working precision, share their sum equally; 0 for one that is zero";

/// The rows of this family.
pub(in crate::ops) static ROWS: &[Operation] = &[
    Operation {
        summary: "`Q, R = qr(x)`, thin: Q has orthonormal columns, R is upper triangular with a positive diagonal, and `Q @ R` is x.",
        shape: "[..., m, k] and [..., k, n] for [..., m, n], k = min(m, n)",
        derivative: "dR = Q.T @ dx - K @ R and, for square x, dQ = Q @ K, where K is skew and below its diagonal Q.T @ dx @ inv(R)",
        undefined: "a matrix whose first min(m, n) columns are linearly dependent, to working precision",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("qr(x + 2*eye(3))[0]", &[&[3, 3]]),
            ("qr(x + 2*eye(3))[1]", &[&[3, 3]]),
            ("qr(x + 2*eye(4)[:, :2])[0]", &[&[4, 2]]),
            ("qr(x + 2*eye(4)[:, :2])[1]", &[&[4, 2]]),
            ("qr(x + 2*eye(4)[:2])[0]", &[&[2, 4]]),
            ("qr(x + 2*eye(4)[:2])[1]", &[&[2, 4]]),
            ("qr(x + 2*eye(3)[:, :2])[0] @ y", &[&[2, 3, 2], &[2]]),
            ("qr(x + 3)[1]", &[&[1, 1]]),
            ("qr(x)[0]", &[&[0, 2]]),
            ("qr(x)[1]", &[&[0, 2]]),
        ],
        ..Operation::new("qr", "qr(x)", Meaning::Several(build_qr))
    },
    Operation {
        summary: "`U, s, Vh = svd(x)`, thin: `U @ diag(s) @ Vh` is x, s falls, U and Vh.T have orthonormal columns, and the largest component of each column of U is positive.",
        shape: "[..., m, k], [..., k] and [..., k, n] for [..., m, n], k = min(m, n)",
        derivative: "ds = diag(U.T @ dx @ Vh.T); dU and dVh divide by differences and sums of singular values",
        kinks: SINGULAR_VALUES,
        undefined: "repeated or zero singular values, to working precision, for derivatives of U and Vh",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("svd(x + diag([2, 5, 9]))[0]", &[&[3, 3]]),
            ("svd(x + diag([2, 5, 9]))[1]", &[&[3, 3]]),
            ("svd(x + diag([2, 5, 9]))[2]", &[&[3, 3]]),
            ("svd(x + [[5, 0, 0], [0, 2, 0]])[0]", &[&[2, 3]]),
            ("svd(x + [[5, 0, 0], [0, 2, 0]])[2]", &[&[2, 3]]),
            ("svd(x + [[5, 0], [0, 2], [0, 0]])[0]", &[&[3, 2]]),
            ("svd(x + [[5, 0], [0, 2], [0, 0]])[2]", &[&[2, 3, 2]]),
            ("svd(x)[0]", &[&[0, 2]]),
        ],
        ..Operation::new("svd", "svd(x)", Meaning::Several(build_svd))
    },
    Operation {
        summary: "Singular values, greatest first.",
        shape: "[..., min(m, n)] for [..., m, n]",
        derivative: "diag(U.T @ dx @ Vh.T), U and Vh being the singular vectors",
        kinks: SINGULAR_VALUES,
        undefined: "repeated or zero singular values, to working precision, for second derivatives",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("svdvals(x + diag([2, 5, 9]))", &[&[3, 3]]),
            ("svdvals(x + [[5, 0, 0], [0, 2, 0]])", &[&[2, 3]]),
            ("svdvals(x + [[5, 0], [0, 2], [0, 0]])", &[&[2, 3, 2]]),
            ("svdvals(x - 3)", &[&[1, 1]]),
            ("svdvals(x)", &[&[2, 0]]),
        ],
        ..Operation::new("svdvals", "svdvals(x)", Meaning::Build(build_svdvals))
    },
    Operation {
        summary: "`w, V = eigh(x)`: eigenvalues, rising, and orthonormal eigenvectors, the columns of V, of the symmetric part of x, (x + x.T)/2. The largest component of each vector is positive; of several, the first.",
        shape: "[..., n] and [..., n, n] for [..., n, n]",
        derivative: "with P = V.T @ (dx + dx.T)/2 @ V: dw = diag(P), dV = V @ (F * P), F[i, j] = 1/(w[j] - w[i]) off the diagonal",
        kinks: EIGENVALUES,
        undefined: "repeated eigenvalues, to working precision, for derivatives of eigenvectors",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("eigh(x + diag([1, 4, 9]))[0]", &[&[3, 3]]),
            ("eigh(x + diag([1, 4, 9]))[1]", &[&[3, 3]]),
            ("eigh(x + x.T + diag([1, 6, 12]))[1]", &[&[3, 3]]),
            ("eigh(x + diag([1, 5]))[1] @ y", &[&[2, 2, 2], &[2]]),
            ("eigh(x)[1]", &[&[1, 1]]),
            ("eigh(x)[0]", &[&[0, 0]]),
        ],
        ..Operation::new("eigh", "eigh(x)", Meaning::Several(build_eigh))
    },
    Operation {
        summary: "Eigenvalues, rising, of the symmetric part of x, (x + x.T)/2.",
        shape: "[..., n] for [..., n, n]",
        derivative: "diag(V.T @ dx @ V), V being the eigenvectors",
        kinks: EIGENVALUES,
        undefined: "repeated eigenvalues, to working precision, for second derivatives",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("eigvalsh(x + diag([1, 4, 9]))", &[&[3, 3]]),
            ("eigvalsh(x @ x.T + diag([1, 7]))", &[&[2, 3]]),
            ("eigvalsh(x + diag([1, 5]))", &[&[3, 2, 2]]),
            ("eigvalsh(x)", &[&[1, 1]]),
            ("eigvalsh(x)", &[&[0, 0]]),
        ],
        ..Operation::new("eigvalsh", "eigvalsh(x)", Meaning::Build(build_eigvalsh))
    },
    Operation {
        summary: "Eigenvalues, rising, of a symmetric matrix; `eigvalsh` takes the symmetric part of any.",
        shape: "[..., n] for [..., n, n]",
        derivative: "diag(V.T @ dx @ V), V being the eigenvectors",
        kinks: EIGENVALUES,
        undefined: "a matrix that is not symmetric; repeated eigenvalues, to working precision, for second derivatives",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("eigvals(x + x.T + diag([1, 4, 9]))", &[&[3, 3]]),
            ("eigvals(x @ swapaxes(x, -1, -2) + diag([1, 7]))", &[&[3, 2, 2]]),
        ],
        ..Operation::new(
            "eigvals",
            "eigvals(x)",
            Meaning::Expand(&[
                "t = swapaxes(x, -1, -2)",
                "eigvalsh(where(abs(x - t) <= 1e-12*(abs(x) + abs(t)), x, log(-1 - x*x)))",
            ]),
        )
    },
    Operation {
        summary: "Least squares: the x that brings `a @ x` nearest to b, for a matrix of full rank; for a wide one, of all solutions the shortest.",
        shape: "[n] for a of shape [m, n] and b of shape [m], [..., n, k] for [..., m, k]",
        derivative: "pinv(a) @ (db - da @ x + pinv(a).T @ da.T @ (b - a @ x)) + (1 - pinv(a) @ a) @ da.T @ pinv(a).T @ x",
        undefined: "a matrix that has not full rank, to working precision",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("lstsq(x + 3*eye(4)[:, :2], y)", &[&[4, 2], &[4]]),
            ("lstsq(x + 3*eye(4)[:, :2], y)", &[&[4, 2], &[4, 3]]),
            ("lstsq(x + 3*eye(4)[:2], y)", &[&[2, 4], &[2]]),
            ("lstsq(x + 3*eye(3), y)", &[&[3, 3], &[3, 2]]),
            ("lstsq(x + 3*eye(3)[:, :2], y)", &[&[2, 3, 2], &[3]]),
            ("lstsq(x + 3*eye(3)[:2], y)", &[&[2, 3], &[2, 2, 1]]),
            ("lstsq(x + 3*eye(3)[:2], y)", &[&[2, 2, 3], &[3, 1, 2, 1]]),
            ("lstsq(x, y)", &[&[0, 2], &[0]]),
            ("lstsq(x, y)", &[&[2, 0], &[2]]),
        ],
        ..Operation::new("lstsq", "lstsq(a, b)", Meaning::Build(build_lstsq))
    },
    Operation {
        summary: "Pseudoinverse of a matrix of full rank, inv(x.T @ x) @ x.T if it is tall. To apply it to something, `lstsq` is cheaper.",
        shape: "[..., n, m] for [..., m, n]",
        derivative: "-p @ dx @ p + p @ p.T @ dx.T @ (1 - x @ p) + (1 - p @ x) @ dx.T @ p.T @ p, p being pinv(x)",
        undefined: "a matrix that has not full rank, to working precision",
        domain: &[(-1.0, 1.0)],
        cases: &[
            ("pinv(x + 3*eye(3))", &[&[3, 3]]),
            ("pinv(x + 3*eye(4)[:, :2])", &[&[4, 2]]),
            ("pinv(x + 3*eye(3)[:2])", &[&[2, 2, 3]]),
            ("pinv(x)", &[&[0, 2]]),
        ],
        ..Operation::new("pinv", "pinv(x)", Meaning::Build(build_pinv))
    },
];
