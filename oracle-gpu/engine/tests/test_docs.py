"""The Python that docs/attribution.md shows works as it stands there."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "attribution.md"


def test_the_python_on_the_page_asks_a_gateway_and_prints_the_records(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: dict[str, Any] = {}
    record = {"source": {"title": "IGovernor.queue"}, "contributor": "0xa1", "score": 40, "shareBps": 7_550}

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.update(path=self.path, key=self.headers["authorization"], body=body)
            answer = json.dumps({"records": [record]}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    code = found[1].replace("http://localhost:8200", f"http://127.0.0.1:{server.server_port}")
    exec(code, {"api_key": "ol-1", "receipt_hash": "0x12"})
    server.shutdown()
    assert asked == {
        "path": "/v1/attribution",
        "key": "Bearer ol-1",
        "body": {"receiptHash": "0x12", "segments": True},
    }
    assert capsys.readouterr().out == "IGovernor.queue 0xa1 40 75.5 %\n"
