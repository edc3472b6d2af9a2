"""`python -m memorydash.health web|worker|beat` says whether that process is well; worker and beat leave a pulse."""

import os
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

STALE = 60.0  # seconds without a pulse; the worker's comes every two seconds, beat's at most every SWEEP_SECONDS


def pulse_file(role: str) -> Path:
    """The file whose modification time is the last moment at which `role` was seen at work."""
    data_dir = os.environ.get("DATA_DIR") or Path(__file__).resolve().parent.parent / ".data"
    return Path(os.environ.get("PULSE_DIR") or Path(data_dir, "pulse")) / role


def pulse(role: str) -> None:
    """Leave a sign of life for `role`."""
    file = pulse_file(role)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def web_answers(port: int, host: str = "localhost", seconds: float = 5.0) -> str:
    """Why /healthz on 127.0.0.1 does not answer 200 to a request for `host`; empty when it does."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"The web server does not answer on port {port}: {error}"
    finally:
        connection.close()
    return "" if status == 200 else f"/healthz answered {status}"


def pulse_is_fresh(role: str, seconds: float = STALE) -> str:
    """Why `role` looks dead; empty when it left a pulse within the last `seconds`."""
    file = pulse_file(role)
    if not file.exists():
        return f"There is no pulse of the {role} yet ({file})"
    age = time.time() - file.stat().st_mtime
    return "" if age < seconds else f"The last pulse of the {role} is {age:.0f} seconds old"


def main(role: str) -> int:
    """Check `role` and print what is wrong, if anything."""
    if role == "web":
        allowed = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
        problem = web_answers(int(os.environ.get("PORT", "8000")), allowed if allowed.strip("*") else "localhost")
    else:
        problem = pulse_is_fresh(role)
    if problem:
        print(problem, file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
