"""Start a stock Firefox, relay Playwright's messages to it, and answer the commands that this Firefox lacks.

Playwright drives a stock Firefox over WebDriver BiDi, and three things fail without this relay. Playwright sets the
colour scheme of every new profile with a command that Firefox 153 (ESR) does not have, and gives up when that fails,
although the scheme need not be set. It distinguishes downloads by their navigation, which Firefox leaves out for a
file that a script makes; the relay uses the address of the file instead. It looks for a file field in the page that
opened the dialog, but the field may be in a frame. `driven.py` runs this program instead of Firefox: the arguments
are Firefox and its own arguments.
"""

import asyncio
import json
import re
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PASSED_OVER = {"emulation.setMediaFeaturesOverride"}
WHOLE = {"max_size": None, "compression": None}  # a message can hold a file


def with_navigation(message):
    """The same message; a download event without a navigation gets one, the same when it begins and when it ends."""
    if not message.startswith('{"type":"event","method":"browsingContext.download'):
        return message
    event = json.loads(message)
    event["params"]["navigation"] = event["params"].get("navigation") or event["params"]["url"]
    return json.dumps(event)


class Dialogs:
    """The context of the file field whose dialog was opened last."""

    def __init__(self):
        self.context = None

    def note(self, message):
        """Note the context if a message of Firefox says that a dialog was opened."""
        if message.startswith('{"type":"event","method":"input.fileDialogOpened"'):
            self.context = json.loads(message)["params"]["context"]

    def with_context(self, command):
        """The same command; one that sets files gets the context in which the dialog was opened."""
        if command.get("method") != "input.setFiles" or self.context is None:
            return command
        return {**command, "params": {**command["params"], "context": self.context}}


async def relay(playwright, address):
    """Carry messages both ways until one side closes."""
    dialogs = Dialogs()
    async with connect(address, **WHOLE) as firefox:

        async def back():
            async for message in firefox:
                dialogs.note(message)
                await playwright.send(with_navigation(message))
            await playwright.close()

        returning = asyncio.create_task(back())
        async for message in playwright:
            command = json.loads(message)
            if command.get("method") in PASSED_OVER:
                await playwright.send(json.dumps({"type": "success", "id": command["id"], "result": {}}))
            else:
                await firefox.send(json.dumps(dialogs.with_context(command)))
        returning.cancel()


async def main(command):
    """Run Firefox until it ends; pass its output on to Playwright, with the relay's address instead of its own."""
    firefox = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    address = None

    async def connected(playwright):
        await relay(playwright, address)

    async with serve(connected, "127.0.0.1", 0, **WHOLE) as server:
        own_address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async for line in firefox.stderr:
            text = line.decode("utf-8", "replace")
            if match := LISTENS.search(text):
                address = f"{match[1]}/session"
                text = text.replace(match[1], own_address)
            sys.stderr.write(text)
            sys.stderr.flush()
        return await firefox.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
