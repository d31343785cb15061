"""Empties one maildrop: fetch, store, and only then delete at the server."""

from mfpmail.core import limits
from mfpmail.core.errors import MailError
from mfpmail.core.headerparse import decode_words, parse_address
from mfpmail.core.mimeparse import DATA, PART_BEGIN, PART_END, MimeParser
from mfpmail.service.mailwriter import MailWriter

_MAX_MAILS_PER_CHECK = 20


class Receiver:
    """Receives for one POP setting; `servers` opens its signed-in POP3 session."""

    def __init__(self, setting, servers, inbox):
        self._setting = setting
        self._servers = servers
        self._inbox = inbox

    async def receive(self):
        """Fetch what is there; return `{"received", "files", "left", "full"}`.

        `left` counts the mails that stay at the server, because the inbox is full or there are
        many. Raises MailError, its `step` saying where.
        """
        session = await self._servers.open(self._setting)
        try:
            return await self._fetch_all(session)
        except MailError as error:
            error.step = session.step
            await session.abort()
            raise
        except BaseException:
            await session.abort()
            raise

    async def _fetch_all(self, session):
        seen = self._inbox.seen(self._setting)
        waiting = []
        present = set()
        total = [0]

        def take(number, unique_id):
            total[0] += 1
            if unique_id in seen:
                present.add(unique_id)
            if len(waiting) < _MAX_MAILS_PER_CHECK:
                waiting.append((number, unique_id))

        await session.list_mails(take)
        seen = present  # what the server has forgotten needs no remembering
        result = {"received": 0, "files": 0, "left": total[0], "full": False}
        for number, unique_id in waiting:
            if not unique_id or unique_id not in seen:
                if self._inbox.full:
                    result["full"] = True
                    break
                result["files"] += await self._fetch(session, number, unique_id)
                result["received"] += 1
                if unique_id:
                    seen.add(unique_id)
                    self._inbox.save_seen(self._setting, seen)
            await session.delete(number)
            result["left"] -= 1
        await session.quit()
        if seen:
            self._inbox.save_seen(self._setting, [])
        return result

    async def _fetch(self, session, number, unique_id):
        writer = MailWriter(self._inbox, self._setting, unique_id)
        parser = MimeParser()
        try:
            await session.retrieve(number, lambda data: _store(writer, parser.feed(data)))
            _store(writer, parser.close())
            return writer.commit()
        except BaseException:  # the mail is still at the server
            writer.discard()
            raise


def _store(writer, events):
    """Put what the parser found into the inbox."""
    for kind, value in events:
        if kind == DATA:
            writer.write(value)
        elif kind == PART_END:
            writer.end()
        elif kind == PART_BEGIN:
            if not value.depth:
                _describe(writer, value.headers)
            if not value.is_multipart:
                writer.begin(value.file_name, value.content_type, value.is_attachment)


def _describe(writer, headers):
    name, address = parse_address(headers.get("from", ""))
    writer.describe(
        "%s <%s>" % (name, address) if name else address,
        decode_words(headers.get("subject", ""))[: limits.MAX_SUBJECT_CHARS],
        headers.get("date", "")[:64],
    )
