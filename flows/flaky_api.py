"""A client of an API that is not always well: what retries do, and what failure looks like.

The flow starts an HTTP server on 127.0.0.1 that answers its first requests with "503 Service Unavailable". The task
that asks it is tried up to four times, so `failures=2` (the default) completes at the third try, and with
`failures=9` the task fails, the task that waits for it is not run, and the flow fails.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import urlopen

from tui_flow import flow, get_run_logger, task

PRICES = {"coffee": 3.2, "tea": 2.6, "water": 1.0}


@contextmanager
def flaky_server(failures: int) -> Iterator[str]:
    """The address of a server that refuses so many requests before it serves one."""
    refusals = iter(range(failures))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if next(refusals, None) is not None:
                return self.send_error(503)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(PRICES).encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/prices"
        server.shutdown()


@task(retries=3, retry_delay_seconds=[0.2, 0.4, 0.8])
def fetch_prices(address: str) -> dict[str, float]:
    """Raises urllib's HTTPError at every answer but 200: raising is all that a retry needs."""
    with urlopen(address, timeout=5) as answer:
        return json.load(answer)


@task
def summarise(prices: dict[str, float]) -> None:
    dearest = max(prices, key=prices.__getitem__)
    get_run_logger().info("%d prices; %s is the dearest, at %.2f", len(prices), dearest, prices[dearest])


@flow(name="flaky_api")
def flaky_api(failures: int = 2) -> None:
    """Fetches prices from a server that fails so many times first."""
    with flaky_server(failures) as address:
        summarise.submit(fetch_prices.submit(address)).result()


if __name__ == "__main__":
    flaky_api()
