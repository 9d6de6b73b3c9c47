"""Start a stock Firefox, and relay what Playwright says to it, answering the commands that this Firefox lacks.

Playwright drives a stock Firefox over WebDriver BiDi. It sets the colour scheme of every new profile by a command
that Firefox 153 (ESR) does not know, and gives up when that fails, although the scheme need not be set. And it tells
downloads apart by the navigation that they belong to, which Firefox leaves out for a file that a script makes; the
address of the file stands in for it. And it looks for the field of a file in the page that asked, where it may lie in a
frame. Run by `driven.py` in the place of Firefox: the arguments are Firefox and its own arguments.
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
    """The same message; an event of a download without a navigation is given one, the same at its begin and its end."""
    if not message.startswith('{"type":"event","method":"browsingContext.download'):
        return message
    event = json.loads(message)
    event["params"]["navigation"] = event["params"].get("navigation") or event["params"]["url"]
    return json.dumps(event)


class Dialogs:
    """Where the fields lie that have asked for files: the last one asks until another does."""

    def __init__(self):
        self.asked = None

    def note(self, message):
        """Look at a message of Firefox."""
        if message.startswith('{"type":"event","method":"input.fileDialogOpened"'):
            self.asked = json.loads(message)["params"]["context"]

    def placed(self, command):
        """The same command; one that gives files gives them where they were asked for."""
        if command.get("method") != "input.setFiles" or self.asked is None:
            return command
        return {**command, "params": {**command["params"], "context": self.asked}}


async def relay(playwright, address):
    """Carry messages both ways until one side goes."""
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
                await firefox.send(json.dumps(dialogs.placed(command)))
        returning.cancel()


async def main(command):
    """Run Firefox until it ends; what it says goes on to Playwright, with this relay's address for its own."""
    firefox = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    address = None

    async def connected(playwright):
        await relay(playwright, address)

    async with serve(connected, "127.0.0.1", 0, **WHOLE) as server:
        here = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async for line in firefox.stderr:
            text = line.decode("utf-8", "replace")
            if found := LISTENS.search(text):
                address = f"{found[1]}/session"
                text = text.replace(found[1], here)
            sys.stderr.write(text)
            sys.stderr.flush()
        return await firefox.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
