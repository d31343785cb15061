"""Works off one maildrop: fetch, store, and only then delete at the server.

What need not be fetched is known from the Seen record: so a goodbye that got lost stores nothing
twice, and what stays at the server is not fetched again and again.
"""

import binascii

from mfpmail.core.errors import MailError, ReplyError

_MAX_CHECK_MS = 30000  # others need the connection as well
_ANSWER_BYTES = 8192
_STATUS = "estatus"  # the setting whose mails are requests, and never stored
_USELESS = "nothing in it can be printed"
_CUT = "it has too many parts or files"
_ASKS = "it asks for the status"


class Receiver:
    """Receives for one POP setting; `servers` opens its signed-in POP3 session.

    What is needed to list the mails, while one arrives, to look into it and to note it is loaded
    one after the other: a lean board has no room for all of this code at once.
    """

    def __init__(self, setting, servers, device):
        self._name = setting
        self._servers = servers
        self._session = None
        self._device = device
        self._inbox = device.inbox
        self._setting = device.configuration.get(setting)
        self._unique = True  # the server's ids tell the mails apart
        self._known = 0, 0  # how many mails were noted before, STORED and KEPT
        self._used = []  # by which of these mails of this check were recognised
        self._room = 0  # for so many more that are only to be deleted
        self._failed = 0  # number of the mail that the last check ended with
        self._number = 0  # of the mail at work
        self._deleted = []  # unique ids, or header keys, of what QUIT is to delete
        self._has_come_on = False
        self._began_ms = device.clock.now_ms()
        self._result = dict.fromkeys(("received", "files", "left", "unsupported", "too_large"), 0)
        self._result.update({"full": False, "more": False})

    async def receive(self):
        """Fetch what is there; return `{"received", "files", "left", "unsupported", "too_large",
        "full", "more"}`.

        `left` counts the mails that stay at the server: because the inbox is `full`, because they
        are `unsupported` or `too_large`, or because there are many; `more` asks for another check
        soon. Raises MailError, its `step` saying where.
        """
        session = self._session = await self._servers.open(self._name)
        try:
            return await self._work_off()
        except Exception as error:
            if isinstance(error, MailError):
                error.step = session.step
            await session.abort()
            self._put_last()
            raise
        except BaseException:
            await session.abort()
            raise

    def _put_last(self):
        """Let the mail that failed not stand in the way of others the next time."""
        try:
            if self._number:
                self._note(cursor=self._number)
        except MailError:  # what failed first says more
            pass

    async def _work_off(self):
        waiting, total, is_cut = await self._list()
        complete = await self._handle_all(waiting) and not is_cut
        confirmed = await self._session.quit()
        deleted = len(self._deleted) if confirmed else 0
        self._result["left"] = total - deleted
        come_on = self._has_come_on or deleted > 0
        self._result["more"] = come_on and not complete and not self._result["full"]
        if not confirmed:
            self._log("the server has not confirmed what was deleted")
        self._note_end(0 if complete else max(self._number - deleted, 0), complete, confirmed)
        return self._result

    async def _list(self):
        """Return the mails to look at, how many there are in all, and whether these are more."""
        with self._device.overlays:
            from mfpmail.service.listing import Listing
            from mfpmail.service.seen import Seen

            seen = Seen(self._inbox, self._name)
            self._failed = seen.cursor
            listing = Listing(seen)
            await self._session.list_mails(listing.take)
            waiting = listing.close()
            seen.save()
            self._unique, self._known, self._room = listing.is_unique, seen.counts, seen.room
            self._result["unsupported"] = listing.kept
            return waiting, listing.total, listing.is_cut

    def _note(self, is_kept=None, unique_id="", key=b"", cursor=None):
        """Note on flash what was stored, and a mail that stays at the server (`is_kept`) or is
        only to be deleted; with the cursor, the mail that failed. Raises StorageError."""
        with self._device.overlays:
            from mfpmail.service.seen import KEPT, STORED, Seen

            seen = Seen(self._inbox, self._name)
            if is_kept is not None:
                kind = KEPT if is_kept else STORED
                self._has_come_on = seen.add(kind, unique_id, key) or self._has_come_on
            if cursor is not None:
                seen.cursor = cursor
            seen.save()
            self._room = seen.room

    def _note_end(self, cursor, complete, confirmed):
        """Note that the check is over. What was stored earlier and is at the server still, as this
        check did not come to it, must stay known. Raises StorageError."""
        with self._device.overlays:
            from mfpmail.service.seen import Seen

            seen = Seen(self._inbox, self._name)
            if confirmed and complete:
                seen.forget_stored()
            elif confirmed:
                for name in self._deleted:
                    seen.forget(name)
            seen.cursor = cursor
            seen.save()

    async def _handle_all(self, waiting):
        """Return whether all were handled."""
        for number, unique_id, known in waiting:
            if self._number and self._has_to_stop(number):
                return False
            self._number = number
            if known:
                await self._delete(unique_id)
            elif not await self._handle(unique_id):
                return False
        return True

    def _has_to_stop(self, number):
        """The mail that failed last waits for a check of its own: it may break the connection
        again, and then nothing that was marked is deleted."""
        if number == self._failed:
            return True
        clock, postman = self._device.clock, self._device.postman
        if clock.now_ms() - self._began_ms > _MAX_CHECK_MS:
            return True
        return postman.is_lean and self._device.outbox.next_due(clock.now_s()) is not None

    async def _handle(self, unique_id):
        """Deal with a mail that is new; return False when nothing more can be taken in."""
        setting = self._setting
        is_judged = self._name == _STATUS or setting["allow_from"] or setting["deny_from"]
        if is_judged or (not self._unique and sum(self._known)):
            mail, sender, key = await self._read_header()
            if not self._unique:
                known = self._recognise(key)
                self._result["unsupported"] += known == "kept"
                if known:
                    return known == "kept" or await self._delete(key)
            verdict = self._verdict(mail, sender)
            if verdict:
                return await self._turn_away(unique_id, key, mail, sender, verdict)
        if self._inbox.full or self._room <= 0:
            self._result["full"] = self._inbox.full
            return False
        return await self._fetch(unique_id)

    async def _read_header(self):
        """Return `(mail, sender, key)` of an Arrival that had the header only."""
        with self._device.overlays:
            from mfpmail.service.mailwriter import Arrival

            arrival = Arrival(self._name)
            await self._take_header(arrival.take)
            arrival.close()
            return arrival.mail, arrival.sender, arrival.key

    async def _take_header(self, take):
        """Fetch the header; where the server has no TOP (it is optional), all of the mail."""
        try:
            await self._session.top(self._number, 0, take)
        except ReplyError:
            await self._session.retrieve(self._number, take)

    def _recognise(self, key):
        """Return what is known of a mail by its header; see `Seen.match`."""
        with self._device.overlays:
            from mfpmail.service.seen import Seen

            return Seen(self._inbox, self._name).match(key, self._used, self._known)

    def _verdict(self, mail, sender):
        """Return why a mail is not even fetched, "" when it is."""
        with self._device.overlays:
            from mfpmail.service.senders import asks_for_status, may_send

            if not may_send(self._setting, sender):
                return "its sender is not allowed"
            if self._name != _STATUS:
                return ""
            asks = self._setting["allow_from"] and asks_for_status(mail["subject"])
            return _ASKS if asks else "it does not ask for the status"

    async def _fetch(self, unique_id):
        """Fetch a mail that may be stored, if there is room for it; return True."""
        size_bytes = await self._size()
        if not self._fits(size_bytes):
            return True
        mail_id = self._inbox.new_id()
        folder = self._inbox.folder(mail_id)
        mail, sender, key, is_cut = await self._retrieve(folder, size_bytes)
        mail["unique_id"], mail["digest"] = unique_id, binascii.hexlify(key).decode()
        is_stored = False
        try:
            if not is_cut and self._examine(folder, mail):
                self._inbox.add(mail_id, mail)
                is_stored = True
        finally:
            if not is_stored:
                self._inbox.files.remove_folder(folder)
        if not is_stored:
            verdict = _CUT if is_cut else _USELESS
            return await self._turn_away(unique_id, key, mail, sender, verdict)
        self._result["received"] += 1
        self._result["files"] += len(mail["items"])
        self._has_come_on = True
        self._note()
        return await self._delete(unique_id or key)

    async def _retrieve(self, folder, size_bytes):
        """Store the files of a mail; return `(mail, sender, key, is_cut)` of the Arrival."""
        progress = self._device.maildrops.progress
        with self._device.overlays:
            from mfpmail.service.mailwriter import Arrival

            arrival = Arrival(
                self._name,
                self._inbox.files,
                folder,
                lambda bytes_done: progress(self._name, bytes_done, size_bytes),
            )
            try:
                await self._session.retrieve(self._number, arrival.take)
                arrival.close()
            except BaseException:
                arrival.discard()
                raise
            return arrival.mail, arrival.sender, arrival.key, arrival.is_cut

    def _examine(self, folder, mail):
        """Return whether anything in a mail can be printed."""
        with self._device.overlays:
            from mfpmail.service.examiner import examine

            return examine(self._inbox.files, folder, mail)

    async def _size(self):
        try:
            return await self._session.size_of(self._number)
        except ReplyError:
            return None

    def _fits(self, size_bytes):
        """Say whether there is room for a mail; base64 is a third longer than what it stands for,
        and other encodings are not shorter."""
        least_bytes, room_bytes = (size_bytes or 0) * 7 // 10, self._inbox.room_bytes
        if least_bytes <= room_bytes:
            return True
        if least_bytes <= room_bytes + sum([item["size"] for item in self._inbox.items()]):
            self._result["full"] = True
        else:
            self._result["too_large"] += 1
            self._log("a mail of %d bytes is too large for the storage" % size_bytes)
        return False

    async def _delete(self, name):
        """Let QUIT delete the mail, which is STORED under that name; see `Seen.forget`."""
        await self._session.delete(self._number)
        self._deleted.append(name)
        return True

    async def _turn_away(self, unique_id, key, mail, sender, verdict):
        """Keep or delete a mail that is not stored, and let its sender be told where that is
        wanted; return True. A request stays while the answer would find no room."""
        asks = verdict == _ASKS
        if asks and not self._has_room_for_answer():
            return True
        if asks or (verdict in (_USELESS, _CUT) and self._setting["answer_unsupported"] == "yes"):
            await self._note_answer("status" if asks else "note", mail, sender)
        delete = asks or self._setting["unsupported"] == "delete"
        self._result["unsupported"] += not asks
        done = "deleted" if delete else "left at the server"
        self._log("mail from %s %s: %s" % (sender[:80] or "nobody", done, verdict))
        self._note(not delete, unique_id, key)
        return not delete or await self._delete(unique_id or key)

    def _has_room_for_answer(self):
        try:
            self._device.outbox.check_room(_ANSWER_BYTES)
        except MailError as error:
            self._log("no answer can be sent: " + error.message)
            return False
        return True

    async def _note_answer(self, kind, mail, sender):
        """Note an answer for later. The status goes to the address in From only: that is the one
        which is allowed."""
        with self._device.overlays:
            from mfpmail.service.senders import HeaderScan

            scan = HeaderScan()
            await self._take_header(scan.feed)
            scan.close()
            to = sender if kind == "status" else scan.reverse_path or sender
            if to and not scan.is_automatic:
                answer = (self._name, kind, to, mail["subject"], mail["date"])
                self._device.maildrops.answers.append(answer)

    def _log(self, text):
        self._device.journal.write("%s: %s" % (self._name, text))
