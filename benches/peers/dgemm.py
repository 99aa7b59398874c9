"""The speed of matrix products by NumPy's library: python dgemm.py [--threads 1|2] [--quick]"""
import json

import common as c
import numpy as np

n = 1024
a, b, out = c.signed(91, n, n), c.signed(92, n, n), np.empty((n, n))
taken = c.seconds(lambda: np.matmul(a, b, out=out))
print(json.dumps(dict(engine="numpy", threads=c.THREADS, work="extra", case="product n=1024", kind="product",
                      product_flops=2.0 * n**3, **taken)))
