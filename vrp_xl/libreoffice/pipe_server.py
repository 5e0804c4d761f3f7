"""The function server's named pipe on Windows, which only this user may open.

Bytes go in and out as they are. One thread per client reads and writes; every call is made by one
thread, because the store belongs to the thread that opened it.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import suppress
    from typing import Any

    import pywintypes
    import win32api
    import win32con
    import win32file
    import win32pipe
    import win32security

    from vrp_xl.libreoffice.answering import REQUEST_BYTES, STOP_LINE, Client, line_of
    from vrp_xl.libreoffice.component import link
    from vrp_xl.reader import READER

    _FIRST_INSTANCE = 0x00080000
    _REJECT_REMOTE = 0x00000008
    _BUFFER = 65536

    def _for_this_user() -> Any:
        """Security attributes that let this user alone open the pipe."""
        token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32con.TOKEN_QUERY)
        user, _ = win32security.GetTokenInformation(token, win32security.TokenUser)
        rights = win32security.ACL()
        rights.AddAccessAllowedAce(win32security.ACL_REVISION, win32con.GENERIC_ALL, user)
        attributes = pywintypes.SECURITY_ATTRIBUTES()
        attributes.SECURITY_DESCRIPTOR.SetSecurityDescriptorDacl(True, rights, False)
        return attributes

    def serve_pipe(name: str, idle_seconds: float) -> bool:
        """Serves until nobody asks any more; False where another server serves already.

        Raises:
            OSError: the pipe cannot be made.
        """
        security = _for_this_user()
        asked = [time.monotonic()]
        ended = threading.Event()

        def pipe(more: int) -> Any:
            return win32pipe.CreateNamedPipe(
                name, win32pipe.PIPE_ACCESS_DUPLEX | more,
                win32pipe.PIPE_TYPE_BYTE | win32pipe.PIPE_WAIT | _REJECT_REMOTE,
                win32pipe.PIPE_UNLIMITED_INSTANCES, _BUFFER, _BUFFER, 0, security,
            )  # fmt: skip

        def end() -> None:
            """Ends the wait for the next client by being one."""
            ended.set()
            with suppress(OSError):
                link.connect(name, 1.0).close()

        def watch() -> None:
            while (left := asked[0] + idle_seconds - time.monotonic()) > 0:
                if ended.wait(left):
                    return
            end()

        def answer(handle: Any, calls: ThreadPoolExecutor) -> None:
            client, waiting = Client(), bytearray()
            with suppress(pywintypes.error):
                while len(waiting) <= REQUEST_BYTES:
                    _, part = win32file.ReadFile(handle, _BUFFER)
                    asked[0] = time.monotonic()
                    waiting += part
                    if not part.endswith(b"\n"):
                        continue
                    line = bytes(waiting)
                    waiting.clear()
                    if line == STOP_LINE:
                        win32file.WriteFile(handle, line_of(True))
                        end()
                        break
                    win32file.WriteFile(handle, calls.submit(client.answer, line).result())
            handle.Close()

        try:
            handle = pipe(_FIRST_INSTANCE)
        except pywintypes.error:
            return False
        threading.Thread(target=watch, daemon=True).start()
        calls = ThreadPoolExecutor(max_workers=1)
        while True:
            with suppress(pywintypes.error):  # the client was there before the wait began
                win32pipe.ConnectNamedPipe(handle, None)
            if ended.is_set():
                break
            threading.Thread(target=answer, args=(handle, calls), daemon=True).start()
            handle = pipe(0)
        calls.submit(READER.close).result()
        calls.shutdown(wait=False, cancel_futures=True)
        return True
