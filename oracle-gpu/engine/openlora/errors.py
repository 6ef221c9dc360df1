"""The one error type that reaches a caller."""

from __future__ import annotations

from typing import Any


class EngineError(Exception):
    """A refusal: one sentence that says what to do, an HTTP status and a code a program can read."""

    def __init__(self, status: int, code: str, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail

    def body(self) -> dict[str, Any]:
        """The JSON body of docs/interfaces.md: `{ "error": { message, type, code, …detail } }`."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": self.message, "type": kind, "code": self.code, **self.detail}
        return {"error": error}
