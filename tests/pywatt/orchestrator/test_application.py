"""The orchestrator as a user runs it: exit codes, signals, what it leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import sys

from orchestrators import Start, start
from supervised import BARE, READY, is_alive, until

__all__ = ["start"]

FINE = BARE + READY
EMPTY = "from pywatt import pywatt_module\n\n@pywatt_module\nasync def main(state):\n    pass\n"
BROKEN = BARE + "sys.exit('no coffee')\n"


def table(name: str, *, after: str = "", **settings: object) -> str:
    lines = [f"[modules.{name}]", f'command = [{sys.executable!r}, "{name}.py"]']
    if after:
        lines.append(f'after = ["{after}"]')
    lines += [f"{key} = {value}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


QUICK_RESTARTS = "[modules.broken.restart]\ninitial_delay = 0.01\nmax_delay = 0.01\n"


async def test_a_stop_is_a_success_when_all_modules_had_started(start: Start) -> None:
    orchestrator = await start({"one.py": FINE}, table("one"))
    assert await orchestrator.stop(signal.SIGHUP) == 0, orchestrator.transcript()


async def test_what_did_not_start_is_reported_and_told_by_the_exit_code(
    start: Start,
) -> None:
    orchestrator = await start(
        {"broken.py": BROKEN, "next.py": FINE, "fine.py": FINE},
        table("broken") + QUICK_RESTARTS + table("next", after="broken") + table("fine"),
        ready=False,
    )
    await orchestrator.until_logged("waits for broken, which is crash-looping")
    await orchestrator.until(lambda: any(line.startswith("Ready  fine") for line in orchestrator.output))
    orchestrator.url = orchestrator.output[0].split()[-1].split("/m/")[0]
    status, answer, _ = await orchestrator.request("GET", "/m/broken/")
    assert (status, answer["module"]) == (503, "broken")
    assert await orchestrator.stop() == 1
    assert not any(line.startswith("Ready  all") for line in orchestrator.output)


async def test_a_second_signal_kills_what_still_runs(start: Start) -> None:
    orchestrator = await start(
        {
            "deaf.py": BARE
            + """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "1000"])
log("pids %d %d" % (os.getpid(), child.pid))
announce()
serve()
signal.pause()
"""
        },
        table("deaf", stop_timeout=1000),
    )
    pids = [int(word) for word in (await orchestrator.until_logged("pids ")).split("pids ")[1].split()]
    orchestrator.process.send_signal(signal.SIGINT)
    await orchestrator.until_logged("again kills")
    orchestrator.process.send_signal(signal.SIGINT)
    assert await orchestrator.wait() == 130
    assert not [pid for pid in pids if is_alive(pid)]


async def test_up_fails_on_a_taken_address_and_names_it(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        orchestrator = await start(
            {"one.py": FINE}, table("one"), command=["up", "--listen", address], ready=False
        )
        assert await orchestrator.wait() == 1
        await orchestrator.until_logged(address)


async def test_run_takes_a_free_port_when_its_usual_one_is_taken_and_says_so(start: Start) -> None:
    try:
        server = socket.create_server(("127.0.0.1", 9900))
    except OSError:
        server = None  # somebody else has it, which serves as well
    try:
        orchestrator = await start(
            {"web.py": EMPTY},
            command=["run", "web.py"],
        )
        await orchestrator.until_logged("127.0.0.1:9900 is taken")
        assert not orchestrator.url.endswith(":9900")
        assert (await orchestrator.request("GET", "/health"))[0] == 200
        assert await orchestrator.stop() == 0
    finally:
        if server is not None:
            server.close()


LEAVING = """
    import os
    from fastapi import FastAPI
    from pywatt import pywatt_module

    @pywatt_module
    async def main(state):
        app = FastAPI()

        @app.get("/leave")
        async def leave():
            os._exit({code})

        return app
"""


async def test_run_ends_with_a_module_that_leaves_by_itself(start: Start) -> None:
    orchestrator = await start(
        {"web.py": LEAVING.format(code=0)}, command=["run", "web.py", "--listen", "127.0.0.1:0"]
    )
    await orchestrator.request("GET", "/leave")
    assert await orchestrator.wait() == 0, orchestrator.transcript()
    assert "exited with code 0" in orchestrator.transcript()


async def test_run_starts_a_module_again_that_fails_after_it_was_ready(start: Start) -> None:
    orchestrator = await start(
        {"web.py": LEAVING.format(code=5)}, command=["run", "web.py", "--listen", "127.0.0.1:0"]
    )
    await orchestrator.request("GET", "/leave")
    await orchestrator.until_logged("exited with code 5; it is started again")
    assert await orchestrator.stop() == 0


async def test_a_killed_orchestrator_leaves_no_module_and_the_next_start_is_clean(start: Start) -> None:
    files = {
        "command.py": BARE
        + """
child = subprocess.Popen(["sh", "-c", "trap '' TERM HUP; while :; do sleep 1; done"])
log("pids %d %d" % (os.getpid(), child.pid))
announce()
serve()
""",
        "plain.py": """
            import os, signal, socket, sys
            s = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
            print("pids", os.getpid(), file=sys.stderr, flush=True)
            signal.pause()
        """,
        "python.py": """
            import os
            from pywatt import pywatt_module

            @pywatt_module
            async def main(state):
                print("pids", os.getpid())
        """,
    }
    configuration = table("command") + table("plain", sdk='"none"') + '[modules.python]\nrun = "python.py"\n'
    first = await start(files, configuration)

    def pids_told() -> list[int]:
        lines = [line for line in first.log if "pids " in line]
        return [int(word) for line in lines for word in line.split("pids ")[1].split()]

    await first.until(lambda: len(pids_told()) == 4)
    pids = pids_told()
    forked = int(next(line for line in first.log if "pids " in line and "command" in line).split()[-1])
    first.process.kill()
    await first.wait()
    await until(
        lambda: not [pid for pid in pids if pid != forked and is_alive(pid)], "the end of the modules"
    )
    second = await start(files, configuration)
    assert not is_alive(forked)
    assert await second.stop() == 0
    assert not list((second.folder / "run").rglob("*.sock"))


async def test_what_a_module_may_ask_for_is_in_no_environment(start: Start) -> None:
    orchestrator = await start(
        {
            "one.py": BARE
            + """
say(op="get_secret", name="SESAME_ONE")
got = hear()["value"]
log("environment " + str(sorted(name for name in os.environ if "SESAME" in name)) + " length %d" % len(got))
log("leaking " + got)
announce()
serve()
"""
        },
        table("one", secrets='["SESAME_ONE", "SESAME_TWO"]'),
        environment={"SESAME_ONE": "open-sesame", "SESAME_TWO": "x", "SESAME_OTHER": "y"},
    )
    await orchestrator.until_logged("environment ['SESAME_OTHER'] length 11")
    await orchestrator.until_logged("leaking [REDACTED]")
    assert "open-sesame" not in orchestrator.transcript()
    assert "SESAME_ONE" not in os.environ


async def test_a_secret_that_a_file_declares_and_the_list_leaves_out_is_in_no_environment(
    start: Start,
) -> None:
    orchestrator = await start(
        {
            "one.py": """
                import os, sys
                from pywatt import pywatt_module

                @pywatt_module(secrets=["SESAME_ONE"])
                async def main(state):
                    names = sorted(name for name in os.environ if "SESAME" in name)
                    print(f"environment {names}", file=sys.stderr, flush=True)
            """,
            "two.py": """
                from pywatt import pywatt_module

                @pywatt_module(secrets=["SESAME_TWO"])
                async def main(state): ...
            """,
        },
        """
        [modules.one]
        run = "one.py"
        [modules.two]
        run = "two.py"
        secrets = []
        restart = { policy = "never" }
        """,
        ready=False,
        environment={"SESAME_ONE": "open-sesame", "SESAME_TWO": "x", "SESAME_OTHER": "y"},
    )
    await orchestrator.until_logged("environment ['SESAME_OTHER']")
    await orchestrator.until_logged("may not have the secret 'SESAME_TWO'")


async def test_a_flood_on_stderr_does_not_hold_up_the_others(start: Start) -> None:
    orchestrator = await start(
        {
            "flood.py": BARE
            + """
def flood():
    while True:
        os.write(2, b"noise " * 2000 + b"\\n")
threading.Thread(target=flood, daemon=True).start()
announce()
serve()
""",
            "fine.py": FINE,
        },
        table("flood") + table("fine"),
    )
    for number in range(20):
        assert await orchestrator.get(f"/m/fine/{number}") == f"/{number}"
    assert await orchestrator.stop() == 0
