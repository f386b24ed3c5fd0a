"""A hook that notifies: a webhook block is called with what went wrong."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from prefect import flow
from prefect.blocks.notifications import SlackWebhook


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        print(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def notify_slack(flow, flow_run, state) -> None:
    SlackWebhook.load("ops").notify(f"{flow.name} ended in {state.name}: {state.message}")


@flow(on_failure=[notify_slack])
def failing_flow() -> None:
    raise ValueError("oops!")


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    SlackWebhook(url=f"http://127.0.0.1:{server.server_port}/services/T0/B0").save("ops", overwrite=True)
    try:
        failing_flow()
    except ValueError as error:
        print("raised", error)
    server.shutdown()
    thread.join()
    server.server_close()

# Output:
# {'text': 'failing-flow ended in Failed: ValueError: oops!'}
# raised oops!
