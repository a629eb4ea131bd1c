"""The one style sheet, made from the tokens."""

from __future__ import annotations

from ebm_studio.app.look.tokens import BODY, CONTROL, LARGE, SMALL, TITLE, Tokens

_SHEET = """
* {{ font-size: {body}px; color: {t.text}; outline: none; }}
QMainWindow, QDialog, QWidget#page, QSplitter {{ background: {t.surface}; }}
QWidget#canvas {{ background: {t.canvas}; }}
QWidget#rail, QWidget#header, QWidget#timeline, QWidget#inspector, QWidget#inspector_body, QWidget#status,
QWidget#body, QWidget#shelf, QWidget#stops
    {{ background: {t.surface}; }}
QWidget#rail {{ border-right: 1px solid {t.line}; }}
QWidget#header {{ border-bottom: 1px solid {t.line}; }}
QWidget#status, QWidget#shelf {{ border-top: 1px solid {t.line}; }}
QFrame#divider {{ background: {t.line}; }}
QWidget#shelf_row {{ background: transparent; }}
QSplitter::handle {{ background: {t.line}; }}
QSplitter::handle:hover {{ background: {t.accent}; }}

QLabel {{ background: transparent; }}
QLabel[role="section"] {{ color: {t.muted}; font-size: {small}px; font-weight: 600; letter-spacing: 1px; }}
QLabel[role="muted"] {{ color: {t.muted}; }}
QLabel[role="warning"] {{ color: {t.warning}; }}
QLabel[role="small"] {{ color: {t.muted}; font-size: {small}px; }}
QLabel[role="value"] {{ font-size: {small}px; }}
QLabel[role="large"] {{ font-size: {large}px; }}
QLabel[role="title"] {{ font-size: {title}px; }}

QToolButton, QPushButton {{
    background: transparent; border: 1px solid transparent; border-radius: 6px;
    min-height: {inner}px; padding: 0 5px;
}}
QToolButton:hover, QPushButton:hover {{ background: {t.hover}; }}
QToolButton:pressed, QPushButton:pressed {{ background: {t.line}; }}
QToolButton:focus, QPushButton:focus {{ border-color: {t.accent}; }}
QToolButton:checked {{ background: {t.chosen}; }}
QToolButton#star:checked {{ background: transparent; }}
QToolButton#star:hover {{ background: {t.hover}; }}
QToolButton:disabled, QPushButton:disabled {{ color: {t.faint}; }}
QToolButton#play {{ background: {t.raised}; border-color: {t.line}; padding: 0 10px; }}
QToolButton#play:hover {{ background: {t.hover}; }}
QToolButton#play:focus {{ border-color: {t.accent}; }}
QToolButton#corner {{ background: {t.raised}; border-color: {t.line}; padding: 0 10px 0 6px; }}
QToolButton#corner:hover {{ background: {t.hover}; }}
QToolButton#corner:focus {{ border-color: {t.accent}; }}
QToolButton::menu-indicator {{ image: none; }}
QPushButton {{ background: {t.raised}; border-color: {t.line}; padding: 0 12px; }}
QPushButton#quiet {{ background: transparent; border-color: transparent; padding: 0 8px; }}
QPushButton#quiet:hover {{ background: {t.hover}; }}
QPushButton#quiet:checked {{ background: {t.chosen}; }}
QPushButton#primary {{ background: {t.accent}; border-color: {t.accent}; color: {t.on_accent}; font-weight: 600; }}
QPushButton#primary:hover {{ border-color: {t.text}; }}
QPushButton#primary:focus {{ border: 2px solid {t.text}; }}
QPushButton#primary:disabled {{ background: {t.raised}; border-color: {t.line}; color: {t.faint}; }}
QPushButton#preset {{ padding: 0; text-align: left; border-radius: 8px; }}
QPushButton#preset:checked {{ border-color: {t.accent}; }}
QPushButton#preset:focus {{ border: 2px solid {t.accent}; }}
QPushButton#fold {{ background: transparent; border-color: transparent; padding: 0 4px; text-align: left; }}
QPushButton#fold:hover {{ background: {t.hover}; }}
QPushButton#fold:focus {{ border-color: {t.accent}; }}
QListWidget#runs {{ background: {t.surface}; border: none; }}
QListWidget#runs::item {{ border: none; }}
QWidget#runs_column {{ background: {t.surface}; border-right: 1px solid {t.line}; }}
QListWidget#events::item {{ border: none; padding: 0; }}
QFrame#notice {{ background: {t.raised}; border: none; border-left: 3px solid {t.accent}; }}
QPushButton#learns {{
    background: transparent; border-color: transparent; color: {t.muted}; font-size: {small}px;
    min-height: 20px; padding: 0 6px;
}}
QPushButton#learns:hover {{ background: {t.hover}; }}
QPushButton#learns:focus {{ border-color: {t.accent}; }}
QPushButton#send {{ padding: 0 4px; }}
QPushButton#model {{ background: transparent; border-color: transparent; text-align: left; font-weight: 600; }}
QPushButton#model:hover {{ background: {t.hover}; }}
QPushButton#model:focus, QPushButton#quiet:focus {{ border-color: {t.accent}; }}
QPushButton#model::menu-indicator {{ image: none; }}
QToolButton[role="page"] {{ min-height: 36px; padding: 1px 0 0 0; font-size: {small}px; color: {t.muted}; }}
QToolButton[role="page"]:checked {{ background: {t.chosen}; color: {t.text}; }}
QToolButton[role="tool"] {{ min-height: 34px; padding: 0; font-size: {small}px; color: {t.muted}; }}

QAbstractSpinBox, QComboBox {{
    background: {t.raised}; border: 1px solid {t.line}; border-radius: 6px;
    min-height: {inner}px; selection-background-color: {t.accent};
    selection-color: {t.on_accent};
}}
QAbstractSpinBox:hover, QComboBox:hover {{ border-color: {t.faint}; }}
QAbstractSpinBox:focus, QComboBox:focus {{ border-color: {t.accent}; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
QAbstractSpinBox QLineEdit {{ background: transparent; border: none; }}
QComboBox {{ padding: 0 8px; }}
QAbstractSpinBox:disabled {{ color: {t.faint}; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: url({down}); width: 16px; height: 16px; }}
QComboBox QAbstractItemView {{
    background: {t.raised}; border: 1px solid {t.line}; padding: 4px;
    selection-background-color: {t.hover}; selection-color: {t.text};
}}

QSlider {{ background: transparent; min-height: 16px; }}
QSlider::groove:horizontal {{ height: 2px; background: {t.line}; border-radius: 1px; }}
QSlider::sub-page:horizontal {{ height: 2px; background: {t.muted}; border-radius: 1px; }}
QSlider::handle:horizontal {{
    width: 10px; height: 10px; margin: -4px 0; border-radius: 5px; background: {t.text};
}}
QSlider::handle:horizontal:hover {{ background: {t.accent}; }}
QSlider::handle:horizontal:focus {{
    margin: -6px 0; border: 2px solid {t.accent}; border-radius: 7px; background: {t.surface};
}}
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled {{ background: {t.faint}; }}

QFrame#handle {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 6px; min-height: {inner}px; }}
QFrame#handle:hover {{ border-color: {t.accent}; }}
QDialog QLineEdit, QMenu QLineEdit, QLineEdit#text {{
    background: {t.raised}; border: 1px solid {t.line}; border-radius: 6px; padding: 0 8px;
    min-height: {inner}px; selection-background-color: {t.accent}; selection-color: {t.on_accent};
}}
QDialog QAbstractSpinBox QLineEdit {{ background: transparent; border: none; padding: 0; min-height: 0; }}
QDialog QLineEdit:focus, QMenu QLineEdit:focus, QLineEdit#text:focus {{ border-color: {t.accent}; }}

QMenu {{ background: {t.raised}; border: 1px solid {t.line}; padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {t.hover}; }}
QMenu::item:disabled {{ color: {t.faint}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 4px 6px; }}

QFrame#card {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 8px; }}
QFrame#card:hover {{ border-color: {t.faint}; }}
QFrame#card:focus {{ border-color: {t.accent}; }}
QFrame#card QAbstractSpinBox, QFrame#card QComboBox, QFrame#card QPushButton {{ background: {t.surface}; }}
QFrame#card QPushButton#quiet {{ background: transparent; }}
QFrame#card QPushButton:hover {{ background: {t.hover}; }}
QFrame#card QPushButton#quiet:checked {{ background: {t.chosen}; }}
QLabel[role="slotA"] {{ font-weight: 700; }}
QLabel[role="slotB"] {{ font-weight: 700; color: {t.accent}; }}
QLabel[role="tag"] {{ color: {t.accent}; font-size: {small}px; font-weight: 600; }}

QLabel[role="key"] {{
    background: {t.raised}; border: 1px solid {t.line}; border-radius: 4px; padding: 1px 6px; font-size: {small}px;
}}
QFrame#palette {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 10px; }}
QFrame#palette QLabel[role="key"] {{ background: {t.surface}; }}
QFrame#palette QLineEdit {{ background: transparent; border: none; padding: 6px 8px; font-size: {large}px; }}
QListWidget {{ background: transparent; border: none; }}
QListWidget::item {{ border-radius: 6px; }}
QListWidget::item:selected {{ background: {t.chosen}; }}
QPlainTextEdit {{
    background: {t.canvas}; border: 1px solid {t.line}; border-radius: 6px; padding: 8px;
    font-family: monospace; font-size: {small}px; selection-background-color: {t.accent};
    selection-color: {t.on_accent};
}}
QPlainTextEdit:focus {{ border-color: {t.accent}; }}
QLabel#caption {{
    background: {t.raised}; color: {t.text}; border: 1px solid {t.accent}; border-radius: 6px; padding: 4px 8px;
    font-size: {small}px;
}}
QFrame#hint {{ background: {t.raised}; border: none; border-left: 3px solid {t.accent}; }}
QFrame#banner {{ background: {t.warning_surface}; border: none; border-left: 3px solid {t.warning}; }}
QProgressBar {{ background: {t.line}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}

QListWidget#photos, QListWidget#absent {{ background: {t.surface}; border: none; border-right: 1px solid {t.line}; }}
QListWidget#photos::item, QListWidget#absent::item {{ border: none; }}
QListWidget#absent {{ color: {t.muted}; padding: 4px 8px; }}
QListWidget#absent::item:disabled {{ color: {t.muted}; }}

QScrollArea {{ background: transparent; border: none; }}
QScrollArea#help {{ border: 1px solid transparent; border-radius: 6px; }}
QScrollArea#help:focus {{ border-color: {t.accent}; }}
QScrollBar:vertical {{ background: transparent; width: 8px; }}
QScrollBar::handle:vertical {{ background: {t.line}; border-radius: 4px; min-height: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page
    {{ background: none; height: 0; }}
"""


def style_sheet(tokens: Tokens, down_arrow: str) -> str:
    """The style sheet of a theme; `down_arrow` is the file of the combo boxes' arrow in its colour."""
    return _SHEET.format(t=tokens, body=BODY, small=SMALL, large=LARGE, title=TITLE, inner=CONTROL - 2, down=down_arrow)
