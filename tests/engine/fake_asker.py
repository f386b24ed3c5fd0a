"""What conditions say, in tests without processes."""

import asyncio

from tui_flow.engine.condition_watch import Answer, Question


class FakeAsker:
    """Answers at once, or when `answer` is called."""

    def __init__(self) -> None:
        self.says: Answer | None = Answer(False, False)
        """None lets whoever asks wait."""
        self.asked: list[Question] = []
        self.is_free = True
        self._loop = asyncio.new_event_loop()
        self._loop.close()

    def begin(self, question: Question) -> "asyncio.Future[Answer] | None":
        if not self.is_free:
            return None
        self.asked.append(question)
        self.future: asyncio.Future[Answer] = asyncio.Future(loop=self._loop)
        if self.says is not None:
            self.future.set_result(self.says)
        return self.future
