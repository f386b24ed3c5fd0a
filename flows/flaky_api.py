"""A client of an API that is not always well: what retries do, and what failure looks like.

The flow starts an HTTP server that answers its first requests with "503 Service Unavailable". The task that asks it
is tried up to four times: with `failures=2` it completes, with `failures=9` it and what waits for it fail.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import urlopen

from tui_flow import flow, get_run_logger, task


@contextmanager
def flaky_server(failures: int) -> Iterator[str]:
    """The address of a server that refuses so many requests before it serves one."""
    refusals = iter(range(failures))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if next(refusals, None) is None else 503)
            self.end_headers()
            self.wfile.write(json.dumps({"coffee": 3.2, "tea": 2.6, "water": 1.0}).encode())

        def log_message(self, format: str, *values: object) -> None:
            print("the server says:", format % values)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/prices"
        finally:
            server.shutdown()


@task(retries=3, retry_delay_seconds=[0.2, 0.4, 0.8])
def fetch_prices(address: str) -> dict[str, float]:
    """Raises urllib's HTTPError at every answer but 200: raising is all that a retry needs."""
    with urlopen(address, timeout=5) as answer:
        return json.load(answer)


@task
def name_dearest(prices: dict[str, float]) -> None:
    get_run_logger().info("of %d drinks, %s is the dearest", len(prices), max(prices, key=prices.__getitem__))


@flow(name="flaky_api", log_prints=True)
def flaky_api(failures: int = 2) -> None:
    """Fetches prices from a server that fails so many times first."""
    with flaky_server(failures) as address:
        name_dearest.submit(fetch_prices.submit(address)).result()


if __name__ == "__main__":
    flaky_api()
