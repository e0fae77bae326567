"""Logs that flood, are cut, or cannot be written; readers of logs that are killed or stopped."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import shutil
import signal
import subprocess
from pathlib import Path

from log_scenes import MEBIBYTE, StartScene, freezing_disk, memory_of, small_disk, start_scene
from orchestrators import Start

__all__ = ["freezing_disk", "small_disk", "start_scene"]


class TestFlood:
    async def test_a_module_that_logs_as_fast_as_it_can_holds_up_nobody(
        self, start_scene: StartScene
    ) -> None:
        scene = await start_scene(max_size=64 * MEBIBYTE, keep=10)
        pid = scene.orchestrator.process.pid
        before = memory_of(pid)
        block = "b''.join(b'#%d %s' % (at, b'x' * 90 + bytes([10])) for at in range(first, first + 10000))"
        scene.order(f"for first in range(0, 600000, 10000): write({block})")
        scene.order("write(b'the flood is over' + bytes([10]))")
        highest = before
        while not any("the flood is over" in line for line in scene.orchestrator.log):
            await scene.until_still_served()
            highest = max(highest, memory_of(pid))
            if any("not shown here" in line for line in scene.orchestrator.log):
                break  # the console has given up by then; the rest is in the file
        reader = await scene.reader("-f", "talker", "--grep", "the flood is over")
        assert reader.stdout is not None
        assert b"the flood is over" in await asyncio.wait_for(reader.stdout.readline(), 60)
        reader.kill()
        await reader.wait()
        await scene.until_still_served()
        entries = scene.entries()
        assert scene.numbers(entries) == list(range(600_000))
        assert max(highest, memory_of(pid)) - before < 48 * MEBIBYTE
        await scene.orchestrator.stop()
        unshown = [
            int(found[1].replace(",", ""))
            for line in scene.orchestrator.log
            if (found := re.search(r"([\d,]+) lines of talker not shown here; all are in: pywatt logs", line))
        ]
        shown = sum(line.startswith("talker") for line in scene.orchestrator.log)
        assert sum(unshown) + shown == sum(not line.startswith(b"{") for line in entries)

    async def test_only_the_newest_files_are_kept(self, start_scene: StartScene) -> None:
        scene = await start_scene(max_size=MEBIBYTE, keep=2)
        scene.order("for at in range(100000): write(b'#%d %s' % (at, b'x' * 90 + bytes([10])))")
        reader = await scene.reader("-f", "talker", "--grep", "#99999 ")
        assert reader.stdout is not None
        await asyncio.wait_for(reader.stdout.readline(), 60)
        reader.kill()
        await reader.wait()
        numbers = scene.numbers()
        assert numbers == list(range(numbers[0], 100_000))
        sizes = [file.stat().st_size for file in scene.logs.glob("talker.log*")]
        assert len(sizes) == 3
        assert max(sizes) <= MEBIBYTE

    async def test_of_json_lines_none_is_left_out_for_who_reads_them(
        self, start: Start, tmp_path: Path
    ) -> None:
        flood = """
            import sys
            from pywatt import pywatt_module

            @pywatt_module
            async def main(state):
                for number in range(15000):
                    sys.stderr.write(f'{{"level":"INFO","message":"json","n":{number}}}\\nplain {number}\\n')
        """
        orchestrator = await start(
            {"flood.py": flood},
            '[modules.flood]\nrun = "flood.py"\n',
            command=["up", "--log-format", "json"],
            ready=False,
        )
        await orchestrator.until_logged("plain 14999")
        documents = [json.loads(line) for line in orchestrator.log]
        assert [document["n"] for document in documents if "n" in document] == list(range(15_000))
        texts = [document.get("fields", {}).get("message", "") for document in documents]
        plain = [int(text.split()[1]) for text in texts if text.startswith("plain")]
        assert plain == list(range(15_000))


class TestCutLines:
    async def test_a_line_of_ten_megabytes_is_kept_whole(self, start_scene: StartScene) -> None:
        scene = await start_scene(max_size=64 * MEBIBYTE)
        scene.order("write(b'y' * 10000000 + bytes([10]))")
        await scene.told("after it")
        kept = [(line[:1], len(line)) for line in scene.entries()]
        assert (b"y", 10_000_000) in kept
        await scene.until_still_served()
        (shown,) = [line for line in (await scene.read("talker")).splitlines() if "yyy" in line]
        assert shown.endswith(" ... [1,048,576 of 10,000,000 bytes shown]")
        (on_console,) = [line for line in scene.orchestrator.log if "yyy" in line]
        assert on_console.endswith("[line cut]")

    async def test_what_a_killed_module_had_begun_is_not_glued_to_what_comes(
        self, start_scene: StartScene
    ) -> None:
        scene = await start_scene()
        scene.order("write(b'half a li'); os.kill(os.getpid(), 9)")
        await scene.orchestrator.until_logged("was ended by SIGKILL")
        await scene.told("a whole line")
        lines = scene.entries()
        assert b"half a li" in lines
        assert b"a whole line" in lines
        messages = [json.loads(line)["fields"]["message"] for line in lines if line.startswith(b"{")]
        assert any("was ended by SIGKILL" in message for message in messages)

    async def test_a_killed_orchestrator_leaves_its_logs_and_the_next_goes_on(
        self, start_scene: StartScene
    ) -> None:
        scene = await start_scene()
        await scene.told("of the first")
        scene.orchestrator.process.kill()
        await scene.orchestrator.process.wait()
        assert "of the first" in await scene.read("talker")
        following = await scene.reader("-f", "-n", "0", "talker", "--grep", "of the")
        second = await start_scene()
        await second.told("of the second")
        assert following.stdout is not None
        assert b"of the second" in await asyncio.wait_for(following.stdout.readline(), 20)
        following.kill()
        await following.wait()
        lines = second.entries()
        assert lines.index(b"of the first") < lines.index(b"of the second")


class TestNoRoom:
    async def test_a_full_disk_costs_lines_that_are_counted_and_nothing_else(
        self, start_scene: StartScene, small_disk: Path
    ) -> None:
        scene = await start_scene(max_size=MEBIBYTE // 4, keep=100, place=small_disk)
        scene.order("for at in range(1000): write(b'#%d %s' % (at, b'x' * 2000 + bytes([10])))")
        said = await scene.orchestrator.until_logged("cannot be written: No space left on device")
        assert "talker.log" in said
        await scene.told("the end of it")
        await scene.until_still_served()
        missing = 1000 - len(scene.numbers())
        (small_disk / "talker.log.1").unlink()
        await scene.told("there is room again")
        await scene.orchestrator.until_logged("its log is written again")
        assert b"there is room again" in scene.entries()
        # Besides the lines what the orchestrator said of them, which stands in the same log.
        assert missing < scene.lost() < missing + 10

    async def test_a_disk_that_stalls_stops_neither_the_gateway_nor_the_supervision(
        self, start_scene: StartScene, freezing_disk: Path
    ) -> None:
        scene = await start_scene(place=freezing_disk / "logs")
        await scene.told("#0 before")
        subprocess.run(["fsfreeze", "--freeze", str(freezing_disk)], check=True)
        try:
            scene.order("for at in range(1, 101): write(b'#%d x' % at + bytes([10]))")
            for _ in range(20):
                await scene.until_still_served()
            scene.order("os.kill(os.getpid(), 9)")
            await scene.orchestrator.until_logged("was ended by SIGKILL")
            await scene.until_ready_again()
            await scene.until_still_served()
        finally:
            subprocess.run(["fsfreeze", "--unfreeze", str(freezing_disk)], check=True)
        await scene.told("#101 after")
        assert scene.numbers() == list(range(102))

    async def test_every_line_is_either_kept_or_counted(
        self, start_scene: StartScene, tmp_path: Path
    ) -> None:
        scene = await start_scene()
        pid = scene.orchestrator.process.pid
        await scene.told("#0 before")
        limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, limits[1]))
        scene.order("for at in range(1, 1001): write(b'#%d x' % at + bytes([10]))")
        await scene.orchestrator.until_logged("cannot be written: File too large")
        await scene.orchestrator.until_logged("#1000 x")
        await scene.until_still_served()
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        await scene.told("#1001 after")
        await scene.orchestrator.until_logged("lines were lost: File too large")
        kept = scene.numbers()
        assert kept == [0, 1001]
        # The 1000 lines, and what the orchestrator said of the trouble.
        assert 1000 <= scene.lost() <= 1002


class TestMeddling:
    async def test_a_removed_file_is_made_again(self, start_scene: StartScene) -> None:
        scene = await start_scene()
        await scene.told("before")
        (scene.logs / "talker.log").unlink()
        await scene.told("after")
        assert b"after" in scene.entries()
        assert (scene.logs / "talker.log").stat().st_mode & 0o777 == 0o600

    async def test_a_removed_directory_is_made_again(self, start_scene: StartScene) -> None:
        scene = await start_scene()
        await scene.told("before")
        shutil.rmtree(scene.logs)
        await scene.told("after")
        assert b"after" in scene.entries()
        assert scene.logs.stat().st_mode & 0o777 == 0o700

    async def test_a_link_in_the_place_of_a_file_is_not_written_through(
        self, start_scene: StartScene, tmp_path: Path
    ) -> None:
        scene = await start_scene()
        victim = tmp_path / "victim"
        victim.write_text("untouched")
        (scene.logs / "link").symlink_to(victim)
        # At once: in between the collector could make the file again.
        (scene.logs / "link").replace(scene.logs / "talker.log")
        await scene.told("refused")
        await scene.orchestrator.until_logged("talker.log cannot be written")
        assert victim.read_text() == "untouched"
        (scene.logs / "talker.log").unlink()
        await scene.told("after")
        await scene.orchestrator.until_logged("its log is written again")
        assert b"after" in scene.entries()


class TestReaders:
    async def test_one_that_is_stopped_or_killed_changes_nothing(self, start_scene: StartScene) -> None:
        scene = await start_scene()
        stopped = await scene.reader("-f", "talker")
        killed = await scene.reader("-f", "talker")
        assert stopped.stdout is not None
        assert killed.stdout is not None
        await scene.told("seen by both")
        for reader in (stopped.stdout, killed.stdout):
            await asyncio.wait_for(reader.readuntil(b"seen by both\n"), 20)
        stopped.send_signal(signal.SIGSTOP)
        killed.kill()
        await killed.wait()
        scene.order("for at in range(20000): write(b'#%d %s' % (at, b'x' * 90 + bytes([10])))")
        scene.order("write(b'the last of all' + bytes([10]))")
        await scene.until_still_served()
        stopped.send_signal(signal.SIGCONT)
        await asyncio.wait_for(stopped.stdout.readuntil(b"#19999 "), 30)
        await asyncio.wait_for(stopped.stdout.readuntil(b"the last of all\n"), 30)
        stopped.kill()
        await stopped.wait()
        assert scene.numbers() == list(range(20_000))
        await scene.until_still_served()
