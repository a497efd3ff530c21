"""The vault under real processes: killed while they write, and writing at the same time."""

import asyncio
import random
import signal
import sys
from pathlib import Path

from tests.bridge.vault.conftest import AT, BY, key, opened, put, values, vault_at
from tests.process.conftest import PATIENCE, ROOT

WRITER = """
import sys
from pathlib import Path
from tests.bridge.vault.conftest import AT, BY, key, put, vault_at
folder, name, rounds, rotates = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]
vault = vault_at(folder, key(1), key(2))
for number in range(rounds):
    put(vault, f"{name}-{number % 20}", str(number))
    if rotates:
        vault_at(folder, *([key(1)] if number % 2 else [key(1), key(2)])).rotate(at=AT, by=BY)
    print(number, flush=True)
"""
KILLS = 25


async def writer(folder: Path, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITER, str(folder), *words),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )


async def test_kills_while_it_writes_and_rotates_leave_the_former_or_the_new(
    tmp_path: Path,
) -> None:
    chance = random.Random(20261123)
    vault_at(tmp_path).init(at=AT, by=BY)
    put(vault_at(tmp_path), "m365", "right")
    last = 0
    for _ in range(KILLS):
        process = await writer(tmp_path, "name", "100000", "rotates")
        assert process.stdout
        async with asyncio.timeout(PATIENCE):
            for _ in range(chance.randint(1, 4)):  # puts and rotations that are done
                last = int(await process.stdout.readline())
            await asyncio.sleep(chance.uniform(0.0, 0.05))
            process.send_signal(signal.SIGKILL)
            rest = (await process.stdout.read()).split()
            assert await process.wait() == -signal.SIGKILL
        last = int(rest[-1]) if rest else last
        found = values(tmp_path, key(1))
        assert found["m365"] == "right"
        assert int(found[f"name-{last % 20}"]) >= last, "it had said that this was kept"


async def test_processes_that_write_at_once_lose_nothing_of_one_another(tmp_path: Path) -> None:
    vault_at(tmp_path).init(at=AT, by=BY)
    names = ("one", "two", "three")
    processes = [await writer(tmp_path, name, "60", *["x"] * (name == "two")) for name in names]
    async with asyncio.timeout(PATIENCE):
        told = await asyncio.gather(*(process.communicate() for process in processes))
    assert all(out.split()[-1] == b"59" for out, _ in told)
    expected = {f"{name}-{number % 20}": str(number) for name in names for number in range(40, 60)}
    assert values(tmp_path, key(1)) == expected
    numbers = [change.number for change in opened(tmp_path, key(1)).changes(0)]
    assert numbers == list(range(numbers[0], numbers[0] + 200))
    assert numbers[-1] == 1 + 60 * 4
