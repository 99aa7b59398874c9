"""What an engineer writes in an afternoon: FastAPI, JAX compiled beforehand, and orjson.

POST /jacobian {"fn": "polar", "x": [...]} is answered {"jacobian": [[...]], "shape": [2, 2]}.
"""
import jax
import numpy as np
import orjson
from fastapi import FastAPI, Request, Response
from functions import FUNCTIONS, POINT

app = FastAPI()
JACOBIANS = {name: jax.jit(jax.jacrev(f)) for name, f in FUNCTIONS.items()}
for _name, _jacobian in JACOBIANS.items():
    _jacobian(np.zeros(POINT[_name].shape)).block_until_ready()


def answer(content, status=200):
    return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")


@app.post("/jacobian")
async def jacobian(request: Request):
    try:
        body = orjson.loads(await request.body())
        compute, expected = JACOBIANS[body["fn"]], POINT[body["fn"]].shape
        x = np.asarray(body["x"], dtype=np.float64)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as fault:
        return answer({"error": repr(fault)}, 400)
    if x.shape != expected:
        return answer({"error": f"expected shape {expected}, got {x.shape}"}, 400)
    out = np.asarray(compute(x))
    return answer({"jacobian": out, "shape": out.shape})
