"""Uncaught errors from Python, its threads and Qt: they go to the log and the banner."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from ebm_studio.app.studio.faults import Faults
from ebm_studio.engine.requests import Fault

log = logging.getLogger(__name__)

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class _Bridge(QObject):
    """From any thread to the window's."""

    happened = Signal(object)


@contextmanager
def faults_shown(faults: Faults) -> Iterator[None]:
    """Inside it, uncaught errors are logged and shown; the program continues."""
    bridge = _Bridge()
    bridge.happened.connect(faults.show)

    def of_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.error("uncaught error", exc_info=(kind, error, trace))
        text = f"Something went wrong inside the program: {kind.__name__}: {error}"
        bridge.happened.emit(Fault(text, "".join(traceback.format_exception(kind, error, trace))))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            of_exception(args.exc_type, args.exc_value, args.exc_traceback)

    def of_qt(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        level = _LEVELS[kind]
        logging.getLogger("qt").log(level, message)
        if level >= logging.ERROR:
            bridge.happened.emit(Fault(f"Qt reports: {message}", f"{context.file}:{context.line} {context.function}"))

    before = (sys.excepthook, threading.excepthook)
    sys.excepthook, threading.excepthook = of_exception, of_thread
    qt_before = qInstallMessageHandler(of_qt)
    try:
        yield
    finally:
        qInstallMessageHandler(qt_before)
        sys.excepthook, threading.excepthook = before
