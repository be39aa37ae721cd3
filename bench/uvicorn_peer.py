"""What a table service in Python would be: FastAPI and uvicorn, numpy computing. cos, then sin, of N x 128 in float32.

GET /table?length=N    as one writes it: the whole table as transformers computes it, then its bytes
GET /blocks?length=N   streamed in blocks of 4096 rows, half the columns computed and then doubled
"""

import os

import numpy as np
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response, StreamingResponse

HEAD_DIM, BASE, ROWS = 128, 10000.0, 4096

app = FastAPI()
frequencies = (1.0 / BASE ** (np.arange(0, HEAD_DIM, 2) / HEAD_DIM)).astype(np.float32)


def blocks(length):
    for function in (np.cos, np.sin):
        for first in range(0, length, ROWS):
            positions = np.arange(first, min(first + ROWS, length), dtype=np.float32)
            half = function(np.outer(positions, frequencies))
            yield np.concatenate((half, half), axis=1).tobytes()


@app.get("/table")
def table(length: int):
    half = np.outer(np.arange(length, dtype=np.float32), frequencies)
    angles = np.concatenate((half, half), axis=1)
    content = np.cos(angles).tobytes() + np.sin(angles).tobytes()
    return Response(content, media_type="application/octet-stream")


@app.get("/blocks")
def in_blocks(length: int):
    size = 2 * length * HEAD_DIM * 4
    return StreamingResponse(
        blocks(length), media_type="application/octet-stream", headers={"content-length": str(size)}
    )


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
